# %% [markdown]
# # Population Based Training, seen from above
#
# Population Based Training (PBT) trains several models at one time and changes their settings
# while they train. Every so often the members of the population are compared: one of the worst
# drops what it has learnt, takes over the state of one of the best, changes that one's settings a
# little and goes on from there. What comes out is one good model and a *schedule* of settings that
# no search among constant ones could have found.
#
# On this page a problem with two parameters, small enough to draw, shows
#
# 1. what a trainable must do so that its members can take over from each other,
# 2. how a run is set up,
# 3. and what PBT then does, step by step.
#
# It is the example of figure 2 in [Jaderberg et al. (2017)](https://arxiv.org/abs/1711.09846).
# Needed are `pip install "trimtab[pandas,plot]" matplotlib pillow`; it takes seconds. The pictures
# are drawn by `pbt_visualization_utils.py`, which lies beside this file.

# %%
import json
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from pbt_visualization_utils import (
    get_init_theta,
    make_animation,
    plot_parameter_history,
    plot_Q_history,
)

import trimtab
from trimtab import tune
from trimtab.tune import RunConfig, TuneConfig, Tuner
from trimtab.tune.schedulers import PopulationBasedTraining
from trimtab.visualization import plot_parameter_paths, plot_population

# %% [markdown]
# ## The problem
#
# `Q` is what we are after: a hill over a plane, 1.2 high, its top at `theta = (0, 0)`. But the
# model cannot see it. It climbs `Qhat`, an estimate that the settings `h` bend: with `h = [1, 0]`
# it falls only along the first axis, with `h = [0, 1]` only along the second.
#
# | here | in practice |
# |---|---|
# | `theta`, moved in every step | the weights of a network |
# | `h` and the step size `lr`, changed by PBT | learning rate, augmentation, weights of a loss |
# | `Q(theta)` | how well the model does what it is for |
# | `Qhat(theta, h)` | what is differentiated: the loss in training |


# %%
def Q(theta):  # noqa: N802 - the name of the paper
    """The true value: 1.2 at the origin, less everywhere else."""
    return 1.2 - (3 / 4 * theta[0] ** 2 + theta[1] ** 2)


def Qhat(theta, h):  # noqa: N802 - the name of the paper
    """What the model sees of it."""
    return 1.2 - (3 / 4 * h[0] * theta[0] ** 2 + h[1] * theta[1] ** 2)


def grad_Qhat(theta, h):  # noqa: N802 - the name of the paper
    """How `Qhat` rises along theta."""
    return -2 * np.array([3 / 4, 1]) * h * theta


print("All members begin at theta =", get_init_theta())

# %% [markdown]
# ## The trainable
#
# A trainable is a function of a config. It **reports** once an iteration, and for PBT it does two
# things more: it **saves** its state with the reports at which members are compared, and it
# **begins from a checkpoint** if there is one. That checkpoint may be its own, after an
# interruption, or another member's. It does not need to know.
#
# Do save how far the training has come, and count on from there. Otherwise the iterations at which
# it saves and those at which members are compared drift apart.


# %%
def train(config):
    h = np.array([config["h0"], config["h1"]])
    theta, iteration = get_init_theta(), 0

    checkpoint = tune.get_checkpoint()
    if checkpoint:
        with checkpoint.as_directory() as folder:
            state = json.loads(Path(folder, "state.json").read_text())
        theta, iteration = np.array(state["theta"]), state["iteration"]

    while True:  # until the run has had enough
        theta = theta + config["lr"] * grad_Qhat(theta, h)
        iteration += 1
        metrics = {
            "Q": Q(theta),
            "theta0": theta[0],
            "theta1": theta[1],
            "h0": config["h0"],
            "h1": config["h1"],
            "lr": config["lr"],
        }
        if iteration % config["checkpoint_interval"]:
            tune.report(metrics)
            continue
        with tempfile.TemporaryDirectory() as folder:
            state = {"theta": theta.tolist(), "iteration": iteration}
            Path(folder, "state.json").write_text(json.dumps(state))
            tune.report(metrics, checkpoint=tune.Checkpoint.from_directory(folder))


# %% [markdown]
# ## The scheduler
#
# Every 4 iterations the members are ranked by `Q`. With `quantile_fraction=0.5` the worse half
# takes over from the better half; of two members that is one from the other. Each parameter is
# then either drawn anew from its domain (`resample_probability`) or multiplied by 1.2 or 0.8, and
# always stays within the domain's bounds and on its grid.
#
# With `synch=True` the members wait for each other before they are compared. That costs time where
# they are not equally fast, but nobody is compared with an old result, which makes the pictures
# easier to read. Without it each member is compared as soon as it is ready.

# %%
perturbation_interval = 4


def scheduler():
    return PopulationBasedTraining(
        time_attr="training_iteration",
        metric="Q",
        mode="max",
        perturbation_interval=perturbation_interval,
        quantile_fraction=0.5,
        resample_probability=0.5,
        hyperparam_mutations={
            "lr": tune.qloguniform(5e-3, 1e-1, 5e-4),
            "h0": tune.uniform(0.0, 1.0),
            "h1": tune.uniform(0.0, 1.0),
        },
        synch=True,
    )


# %% [markdown]
# ## The run
#
# `param_space` says how the members begin. The grid makes two of them: the first sees only the
# second axis, `h = [0, 1]`, and the second only the first, `h = [1, 0]`. None of them could reach
# the top alone. Set `checkpoint_interval` to the scheduler's interval, or to a divisor of it, so
# that a member's newest checkpoint is the state that it was judged by.
#
# One step of this problem takes microseconds, so everything is done in this process,
# `executor="inline"`. Leave it out and each processor gets a worker process of its own.

# %%
pbt_results = Tuner(
    train,
    param_space={
        "lr": 0.05,
        "h0": tune.grid_search([0.0, 1.0]),
        "h1": tune.sample_from(lambda config: 1.0 - config["h0"]),
        "checkpoint_interval": perturbation_interval,
    },
    tune_config=TuneConfig(scheduler=scheduler(), seed=1, executor="inline"),
    run_config=RunConfig(storage_path="pbt_runs", stop={"training_iteration": 100}),
).fit()

for result in pbt_results:
    print(f"member {result.number}: Q = {result.metrics['Q']:.4f}")
assert min(result.metrics["Q"] for result in pbt_results) > 1.199

# %% [markdown]
# ## What happened
#
# Both members reached the top, 1.2. On the left are their ways, from large points to small ones;
# the numbers are the iterations at which they were compared, with an arrow to where each went
# next. Short arrows are members that went on. Long ones are members that jumped to where the other
# one was. Where the way turns, the jump, or rather the change of `h` with it, has bent the
# estimate; where the points lie further apart, `lr` has grown.
#
# On the right is the price of exploring, and its gain: a member that took over goes on from the
# value of the other.

# %%
colors = ["tab:red", "black"]
labels = ["h = [0, 1]", "h = [1, 0]"]  # in the order of the grid

fig, (left, right) = plt.subplots(
    1, 2, figsize=(13, 6), gridspec_kw={"width_ratios": [1.5, 1]}, layout="constrained"
)
plot_parameter_history(pbt_results, colors, labels, perturbation_interval, fig=fig, ax=left)
plot_Q_history(pbt_results, colors, labels, ax=right)
fig.savefig("pbt.png")

# %% [markdown]
# The same as a film, [pbt.gif](pbt.gif): an arrow shows where a member has just been taken.

# %%
make_animation(pbt_results, colors, labels, perturbation_interval, filename="pbt.gif")

# %% [markdown]
# Every run is a study in a database in the run's folder, so its lineage is kept: who took over
# from whom, when, and with which settings. `plot_population` and `plot_parameter_paths` draw it,
# in these two pages and in the dashboard, which the command below opens.

# %%
url = f"sqlite:///{pbt_results.experiment_path}/study.db"
study = trimtab.load_study(study_name=None, storage=url)
plot_population(study).write_html("pbt_population.html")
plot_parameter_paths(study).write_html("pbt_parameters.html")
print("trimtab dashboard", url)

# %% [markdown]
# ## Without it
#
# The same two members, each left alone with the settings it began with: a grid search. There is no
# scheduler, and that is the only difference.

# %%
grid_results = Tuner(
    train,
    param_space={
        "lr": tune.qloguniform(1e-2, 1e-1, 5e-3),
        "h0": tune.grid_search([0.0, 1.0]),
        "h1": tune.sample_from(lambda config: 1.0 - config["h0"]),
        "checkpoint_interval": perturbation_interval,
    },
    tune_config=TuneConfig(metric="Q", mode="max", seed=1, executor="inline"),
    run_config=RunConfig(storage_path="pbt_runs", stop={"training_iteration": 100}),
).fit()

fig, (left, right) = plt.subplots(
    1, 2, figsize=(13, 6), gridspec_kw={"width_ratios": [1.5, 1]}, layout="constrained"
)
plot_parameter_history(grid_results, colors, labels, perturbation_interval, fig=fig, ax=left)
plot_Q_history(grid_results, colors, labels, ax=right)
fig.savefig("grid.png")

# %% [markdown]
# Each walks straight to the foot of what it can see and stays there: at
# `1.2 - 3/4 * 0.9² = 0.5925` the one and at `1.2 - 0.9² = 0.39` the other. More iterations would
# not help, nor would another constant `lr`.

# %%
for result, limit in zip(grid_results, (0.5925, 0.39), strict=True):
    print(f"member {result.number}: Q = {result.metrics['Q']:.4f}, at most {limit}")
    assert limit - 0.03 < result.metrics["Q"] < limit

# %% [markdown]
# ## A larger population
#
# With four members the two worst take over from the two best, so there is a choice of whom to
# follow, and more than one way is being tried at any time. Two of these see both axes a little
# from the start, and each has a step size of its own.

# %%
larger_results = Tuner(
    train,
    param_space={
        "lr": tune.qloguniform(1e-2, 1e-1, 5e-3),
        "h0": tune.grid_search([0.0, 1.0, 0.01, 0.99]),
        "h1": tune.sample_from(lambda config: 1.0 - config["h0"]),
        "checkpoint_interval": perturbation_interval,
    },
    tune_config=TuneConfig(scheduler=scheduler(), seed=1, executor="inline"),
    run_config=RunConfig(storage_path="pbt_runs", stop={"training_iteration": 100}),
).fit()

colors = ["tab:red", "black", "tab:blue", "tab:green"]
labels = ["h = [0, 1]", "h = [1, 0]", "h = [0.01, 0.99]", "h = [0.99, 0.01]"]
fig, (left, right) = plt.subplots(
    1, 2, figsize=(13, 6), gridspec_kw={"width_ratios": [1.5, 1]}, layout="constrained"
)
plot_parameter_history(larger_results, colors, labels, perturbation_interval, fig=fig, ax=left)
plot_Q_history(larger_results, colors, labels, ax=right)
fig.savefig("pbt4.png")
make_animation(larger_results, colors, labels, perturbation_interval, filename="pbt4.gif")

best = larger_results.get_best_result()
print(f"the best of four: member {best.number}, Q = {best.metrics['Q']:.4f}")
assert min(result.metrics["Q"] for result in larger_results) > 1.199

# %% [markdown]
# The film is [pbt4.gif](pbt4.gif). All four reach the top, most of them sooner than two did.
#
# For a model that really learns see `pbt_digits.py`; for what all the settings mean, the tutorial
# on the Tuner in the documentation.

"""Who beat whom."""

from trimtab.preferential import PreferentialStudy, create_study


def study_of(n: int) -> PreferentialStudy:
    study = create_study(2)
    for _ in range(n):
        trial = study.ask()
        trial.suggest_float("x", 0.0, 1.0)
        study.mark_comparison_ready(trial)
    return study


def test_a_chain_has_levels_and_no_cycle() -> None:
    study = study_of(5)
    for better in range(4):
        study.report_preference(better, better + 1)
    graph = study.preference_graph()
    assert [node.level for node in graph.nodes] == [0, 1, 2, 3, 4]
    assert [(node.wins, node.losses) for node in graph.nodes][1:3] == [(1, 1), (1, 1)]
    assert graph.edges == ((0, 1, 1), (1, 2, 1), (2, 3, 1), (3, 4, 1))
    assert graph.cycles == ()


def test_cycles_are_named() -> None:
    study = study_of(7)
    for better, worse in [(0, 1), (1, 2), (2, 0), (2, 3), (4, 5), (5, 4), (0, 1)]:
        study.report_preference(better, worse)
    graph = study.preference_graph()
    assert graph.cycles == ((0, 1, 2), (4, 5))
    assert (0, 1, 2) in graph.edges  # twice
    level = {node.number: node.level for node in graph.nodes}
    assert level[0] == level[1] == level[2] < level[3]
    assert 6 not in level


def test_a_judgement_taken_back_is_no_edge() -> None:
    study = study_of(2)
    study.report_preference(0, 1)
    study.undo()
    assert study.preference_graph().edges == ()


def test_skipped_trials_are_nodes() -> None:
    study = study_of(2)
    study.judge([0, 1], 1, "skip")
    (node,) = study.preference_graph().nodes
    assert (node.number, node.skipped) == (1, True)


def test_a_chain_longer_than_the_stack() -> None:
    study = study_of(3)
    history = study.history
    from trimtab.preferential.graph import _components, _levels

    beats = {i: [i + 1] for i in range(5000)} | {5000: []}
    groups = _components(beats)
    assert len(groups) == 5001
    assert _levels(beats, groups)[5000] == 5000
    assert len(history) == 3

"""Text in figures. Plotly reads a little HTML in every string, so what users wrote is escaped."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

import numpy as np

from trimtab.records import History
from trimtab.space import CategoricalDistribution, Distribution, FloatDistribution, Floats
from trimtab.visualization.thinning import Indices

_EXACT = 2.0**53
_LONGEST = 40
_HOVER_LINES = 60_000
"""Lines of hover text in one figure, shared by its trials: some 1.5 MB."""


def plain(text: object, longest: int = _LONGEST) -> str:
    """Text that is shown as it is, shortened in its middle."""
    shown = str(text)
    if len(shown) > longest:
        half = longest // 2
        shown = f"{shown[: longest - half - 1]}…{shown[-half:]}"
    # In titles and names Plotly fills in ``%{...}`` as well.
    return html.escape(shown, quote=False).replace("%{", "%&#123;")


def labels(texts: Sequence[str], longest: int = _LONGEST) -> list[str]:
    """`plain` labels of several texts; where shortening would make some alike, what differs stays.

    Args:
        texts: What is to be told apart.
        longest: Characters of a label.

    Returns:
        As many labels: of ``encoder.layers.7.dropout`` and ``encoder.layers.8.dropout``, say,
        ``…layers.7.dropout`` and ``…layers.8.dropout``.
    """
    alike: dict[str, list[str]] = {}
    for text in dict.fromkeys(texts):
        alike.setdefault(plain(text, longest), []).append(text)
    made: dict[str, str] = {}
    for label, group in alike.items():
        before = _n_common(group)
        after = _n_common([text[::-1] for text in group])
        for text in group:
            made[text] = label if len(group) == 1 else _window(text, before, after, longest)
    return [made[text] for text in texts]


def _n_common(texts: Sequence[str]) -> int:
    """How many characters all of some texts begin with."""
    # What the first and the last in order have in common, those between them have too.
    first, last = min(texts), max(texts)
    alike = (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return next(alike, min(len(first), len(last)))


def _window(text: str, before: int, after: int, longest: int) -> str:
    """The part of a text around what stands between its first and last so many characters."""
    room = longest - 2  # an ellipsis on either side
    stop = max(len(text) - after, before)
    start = max(0, min(before - (room - (stop - before)) // 2, len(text) - room))
    end = min(start + room, len(text))
    cut = f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
    return plain(cut, len(cut))


def number(value: float) -> str:
    """A float for people."""
    return f"{value:.6g}"


def short(value: float) -> str:
    """A float for a tick label."""
    return f"{value:.0f}" if 1e3 <= abs(value) < 1e5 else f"{value:.3g}"


def choice_labels(distribution: CategoricalDistribution, longest: int = _LONGEST) -> list[str]:
    """One label per choice; ``'1'`` is told from ``1`` where both are choices."""
    texts = [str(choice) for choice in distribution.choices]
    if len(set(texts)) < len(texts):
        texts = [repr(choice) for choice in distribution.choices]
    return labels(texts, longest)


def formatter(distribution: Distribution) -> Callable[[float], str]:
    """How to write an internal value of a parameter."""
    if isinstance(distribution, CategoricalDistribution):
        choices = choice_labels(distribution)
        return lambda internal: choices[int(internal)]
    if isinstance(distribution, FloatDistribution):
        return number
    return lambda internal: str(int(internal)) if abs(internal) < _EXACT else number(internal)


def hover(
    history: History, numbers: Indices, lines: Sequence[tuple[str, Sequence[str]]] = ()
) -> list[str]:
    """Hover text of trials: number, some lines, parameters, and user attributes if there is room.

    Args:
        history: Of the study.
        numbers: Shape (k,), of the trials.
        lines: (label, k texts) to stand before the parameters; an empty text leaves it out.
    """
    room = int(np.clip(_HOVER_LINES // max(len(numbers), 1), 8, 30)) - len(lines)
    texts = [[f"<b>Trial {n}</b>"] for n in numbers.tolist()]
    for label, column in lines:
        for rows, text in zip(texts, column, strict=True):
            if text:
                rows.append(f"{label}: {text}")
    left = [room] * len(texts)
    skipped = [0] * len(texts)
    for name, distribution in history.space.items():
        label, write = plain(name), formatter(distribution)
        for i, internal in enumerate(history.raw(name)[numbers].tolist()):
            if internal != internal:
                continue
            if left[i]:
                texts[i].append(f"{label}: {write(internal)}")
                left[i] -= 1
            else:
                skipped[i] += 1
    for i, n in enumerate(numbers.tolist()):
        attrs = history.user_attrs(n)
        for key, value in list(attrs.items())[: left[i]]:
            texts[i].append(f"<i>{plain(key)}</i>: {plain(value)}")
        skipped[i] += max(len(attrs) - left[i], 0)
        if skipped[i]:
            texts[i].append(f"… and {skipped[i]} more")
    return ["<br>".join(rows) for rows in texts]


def with_sems(values: Floats, sems: Floats) -> list[str]:
    """Values, with their standard errors where these are known and not 0."""
    return [
        f"{number(value)} ± {number(sem)}" if sem > 0.0 else number(value)
        for value, sem in zip(values.tolist(), sems.tolist(), strict=True)
    ]

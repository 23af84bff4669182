"""Notes as HTML: what is rendered, and that nothing in a note becomes markup of its own."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.dashboard.markdown import _MOST_MARKDOWN, formula, render_note

TAGS = frozenset(
    "a annotation blockquote br code del div em h1 h2 h3 h4 h5 h6 hr img input li ol p pre s span"
    " strong table tbody td th thead tr ul math mrow mi mn mo ms mtext mspace mfrac msqrt mroot"
    " msub msup msubsup munder mover munderover mmultiscripts mprescripts none mtable mtr mtd"
    " mlabeledtr mpadded mphantom mstyle menclose merror mfenced".split()
)


class _Look(HTMLParser):
    """Collects what a browser would make of a text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    look = _Look()
    look.feed(render_note(text, key="0", root="/r"))
    look.close()
    return look.tags


def check(text: str) -> None:
    """Fail if there is anything in the note that could act, or ask another host for something."""
    for tag, attrs in tags(text):
        assert tag in TAGS
        assert not [name for name in attrs if name.startswith("on") or name == "style"]
        if tag == "img":
            assert str(attrs["src"]).startswith("/r/artifacts/0-")
        if attrs.get("href") is not None:
            href = str(attrs["href"]).lower()
            assert href.startswith(("http://", "https://", "mailto:", "#", "/"))
            assert not href.startswith(("//", "/\\"))


PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](java&#10;script:alert(1))",
    "[x](vbscript:x)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](//evil.example)",
    "[x](/\\evil.example)",
    "[x](file:///etc/passwd)",
    "<javascript:alert(1)>",
    "<https://ok.example>",
    "![x](https://evil.example/x.png)",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    "![x](/artifacts/1/2/../../secret)",
    '![x](/artifacts/1/2/abc "t" onerror=alert(1))',
    '![" onerror=alert(1) x="](/artifacts/1/2/abc)',
    '[x](https://a.example "\\" onmouseover=alert(1)")',
    "[x]: javascript:alert(1)\n\n[x]",
    "$\\text{<img src=x onerror=alert(1)>}$",
    "$\\href{javascript:alert(1)}{x}$",
    "$\\text{</math><script>alert(1)</script>}$",
    "$\\style{color:red}{x}$ $\\class{a}{x}$ $\\unicode{x3c}script$",
    "$$\\mathbf{<script>}$$",
    "$&lt;script&gt;$",
    '```"><script>alert(1)</script>\nx\n```',
    '```python" onclick="x\n<script>\n```',
    "```html\n<script>alert(1)</script>\n```",
    "| <b>a</b> |\n|-|\n| <script>x</script> |",
    "- [ ] <input autofocus onfocus=alert(1)>",
]

PIECES = [
    "$",
    "$$",
    "\n",
    "\n\n",
    "`",
    "```",
    "![",
    "](",
    ")",
    "<",
    ">",
    '"',
    "&lt;",
    "}",
    "a",
    "\\",
]
PIECES += ["\\text{", "\\frac", "|", "- [ ] ", "> ", "# ", "/artifacts/1/ab"]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_of_a_note_acts(payload: str) -> None:
    check(payload)


@settings(max_examples=150)
@given(st.lists(st.sampled_from([*PAYLOADS, *PIECES]), max_size=8).map("".join))
def test_nor_of_any_mixture(text: str) -> None:
    check(text)


def test_what_is_rendered() -> None:
    html = render_note("# A\n\n|a|\n|-|\n|1|\n\n~~old~~ **new**\n\n- [x] done\n")
    for part in ("<h2>A</h2>", "<td>1</td>", "<s>old</s>", "<strong>new</strong>", "checkbox"):
        assert part in html
    assert '<span class="hl-k">def</span>' in render_note("```python\ndef f(): ...\n```")
    assert "<code>def f" in render_note("```\ndef f(): ...\n```")
    assert 'class="language-nonsense"' in render_note("```nonsense\nx\n```")
    inline = render_note(r"$\alpha < 1$")
    assert "<mi>α</mi><mo>&lt;</mo><mn>1</mn>" in inline
    assert "<mfrac>" in render_note("$$\\frac{1}{2}$$")
    assert "5$ and 6$" in render_note("5$ and 6$")


@pytest.mark.parametrize(
    "latex", ["\\frac{", "{", "x^", "\\begin{matrix}", "\\left(", "_", "x" * 6000]
)
def test_formulas_that_cannot_be_read_are_shown_as_written(latex: str) -> None:
    html = formula(latex, "inline")
    assert html.startswith(("<code", "<math"))


def test_a_very_long_note_is_shown_as_text() -> None:
    html = render_note("<b>" * _MOST_MARKDOWN)
    assert "shown as text" in html
    assert "<b>" not in html


def test_headings_stand_below_the_title_of_the_page() -> None:
    html = render_note("# A\n\n## B\n\n##### E\n\n###### F\n\nG\n===\n")
    assert html.split() == "<h2>A</h2> <h3>B</h3> <h6>E</h6> <h6>F</h6> <h2>G</h2>".split()


def test_artifacts_of_each_storage_and_mount() -> None:
    text = "![a](/artifacts/3/4/ab-1) [b](/artifacts/3/ab-1)"
    html = render_note(text, key="2", root="/sub")
    assert 'src="/sub/artifacts/2-3/4/ab-1"' in html
    assert 'href="/sub/artifacts/2-3/study/ab-1"' in html

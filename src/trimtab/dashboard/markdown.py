"""Notes as HTML: Markdown without raw HTML, links to known schemes, pictures of our own only.

Nothing that a note says becomes markup but what is made here: text is escaped, formulas are built
as elements of a list, code is coloured by classes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from html import escape, unescape
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

_SCHEMES: Final = ("http://", "https://", "mailto:")
_ARTIFACT: Final = re.compile(r"/artifacts/(\d+)/(?:(\d+)/)?([0-9a-f][0-9a-f-]{0,63})")
"""What `get_artifact_path` returns: study, trial or none, artifact."""
_MOST_MARKDOWN: Final = 150_000
"""Characters of a note that is rendered, which takes seconds; a longer one is shown as text."""
_MOST_MATH: Final = 5_000
"""Characters of one formula."""
_MOST_CODE: Final = 100_000
"""Characters of a piece of code that is coloured."""

# Presentation MathML (W3C MathML Core), without what links or embeds.
_MATH_TAGS: Final = frozenset(
    "math mrow mi mn mo ms mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover"
    " mmultiscripts mprescripts none mtable mtr mtd mlabeledtr mpadded mphantom mstyle menclose"
    " merror mfenced".split()
)
_MATH_ATTRIBUTES: Final = frozenset(
    "display displaystyle scriptlevel mathvariant stretchy fence separator lspace rspace width"
    " height depth minsize maxsize movablelimits largeop symmetric accent accentunder linethickness"
    " columnalign rowspacing columnspacing columnlines rowlines notation form".split()
)


def render_note(text: str, *, key: str = "0", root: str = "") -> str:
    """A note as HTML that is safe to put into a page.

    Args:
        text: Markdown with tables, code, task lists and formulas (``$x$``, ``$$x$$``).
        key: Of the storage in which the note's study is: paths that `get_artifact_path` made are
            addresses of that storage's artifacts.
        root: Where the dashboard is mounted.
    """
    return _rendered(text, key, root)


@lru_cache(maxsize=128)
def _rendered(text: str, key: str, root: str) -> str:
    if len(text) > _MOST_MARKDOWN:
        told = f"This note has more than {_MOST_MARKDOWN:,} characters and is shown as text."
        return f'<p class="hint">{told}</p><pre class="long-note">{escape(text)}</pre>'
    return str(_parser().render(text, {"key": key, "root": root}))


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.tasklists import tasklists_plugin

    parser = MarkdownIt("commonmark", {"html": False, "highlight": _highlighted})
    parser.enable(["table", "strikethrough"])
    parser.use(tasklists_plugin)
    # Without these two, "5$ and 6$" would be a formula.
    parser.use(dollarmath_plugin, double_inline=True, allow_space=False, allow_digits=False)
    # Every link is looked at when it is drawn, where its address is known to the last letter.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    for rule, render in {
        "link_open": _link,
        "image": _image,
        "heading_open": _heading,
        "heading_close": _heading,
        "math_inline": _math_inline,
        "math_inline_double": _math_block,
        "math_block": _math_block,
        "math_block_label": _math_block,
    }.items():
        parser.add_render_rule(rule, render)
    return parser


def _address(url: str, env: Any) -> str | None:
    """Where a link may lead; None for a scheme that is not listed."""
    match = _ARTIFACT.fullmatch(url)
    if match:
        return _artifact_address(match, env)
    if url.startswith("#") or (url.startswith("/") and not url.startswith(("//", "/\\"))):
        return url
    return url if url.lower().startswith(_SCHEMES) else None


def _artifact_address(match: re.Match[str], env: Any) -> str:
    study, number, artifact = match.groups()
    owner = "study" if number is None else number
    return f"{env['root']}/artifacts/{env['key']}-{study}/{owner}/{artifact}"


def _link(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[index]
    address = _address(str(token.attrGet("href") or ""), env)
    if address is None:
        token.attrs = {"title": "This kind of link is not followed."}
    else:
        token.attrSet("href", address)
        token.attrSet("rel", "noopener noreferrer nofollow")
    return self.renderToken(tokens, index, options, env)


def _image(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    token = tokens[index]
    url = str(token.attrGet("src") or "")
    words = self.renderInlineAsText(token.children or [], options, env)
    match = _ARTIFACT.fullmatch(url)
    if match:
        source = escape(_artifact_address(match, env), quote=True)
        return f'<img src="{source}" alt="{escape(words, quote=True)}" loading="lazy">'
    address = _address(url, env)
    shown = escape(words or url)
    if address is None:
        return f"<span>{shown}</span>"
    rel = "noopener noreferrer nofollow"
    return f'<a href="{escape(address, quote=True)}" rel="{rel}">{shown}</a>'


def _heading(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """One level lower than it was written: the page's own title stands above the note."""
    del env
    token = tokens[index]
    token.tag = f"h{min(int(token.tag[1:]) + 1, 6)}"
    return self.renderToken(tokens, index, options, {})


def _math_inline(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    del self, options, env
    return formula(tokens[index].content, "inline")


def _math_block(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    del self, options, env
    return f'<div class="formula">{formula(tokens[index].content, "block")}</div>\n'


def formula(latex: str, display: str) -> str:
    """A formula as MathML; its source where it cannot be read."""
    from latex2mathml.converter import convert_to_element

    if len(latex) <= _MOST_MATH:
        try:
            return ET.tostring(_allowed(convert_to_element(latex, display=display)), "unicode")
        except _unreadable():
            pass
    return f'<code class="formula-source">{escape(latex)}</code>'


@cache
def _unreadable() -> tuple[type[Exception], ...]:
    """What the library raises on a formula that it cannot read, and what it trips over."""
    from latex2mathml import exceptions

    known = (each for each in vars(exceptions).values() if isinstance(each, type))
    tripped = (LookupError, RecursionError, RuntimeError, StopIteration, TypeError, ValueError)
    return (*(each for each in known if issubclass(each, Exception)), *tripped)


def _allowed(element: ET.Element) -> ET.Element:
    """A copy with nothing in it but elements and attributes of the lists.

    The library keeps characters as references inside of text, to be unescaped after writing, which
    would make markup of a formula's words; here they are unescaped before.
    """
    tag = element.tag if element.tag in _MATH_TAGS else "mrow"
    kept = {k: v for k, v in element.attrib.items() if k in _MATH_ATTRIBUTES}
    copy = ET.Element(tag, kept)
    copy.text = unescape(element.text) if element.text else None
    copy.tail = unescape(element.tail) if element.tail else None
    copy.extend(_allowed(child) for child in element)
    return copy


def _highlighted(code: str, language: str, _attributes: str) -> str:
    """Code with its words in spans of classes; empty: as it is."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    if not language or len(code) > _MOST_CODE:
        return ""
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return ""
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True, classprefix="hl-")))

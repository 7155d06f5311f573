"""A matplotlib figure as SVG that can stand inside a page under a strict content security policy, in light and in dark.

Style attributes and style sheets are forbidden there, so every property becomes a presentation attribute; ink becomes
`currentColor`; ids get a prefix of their own, because two drawings in one page must not share one.
"""

from __future__ import annotations

import hashlib
import io
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from markupsafe import Markup

from gatehouse.reports.svg_text import INK, SVG, SvgText, add_text, render_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SOFT = "#767778"  # readable on white and on black
BLUE, ORANGE = (
    "#0072B2",
    "#D55E00",
)  # Okabe and Ito (2008): told apart by colour-blind people; dashes tell them apart in grey
POINTS = 72  # to the inch, as SVG counts: what the axes' transforms give are its coordinates
_LINK = "{http://www.w3.org/1999/xlink}href"
_STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "gatehouse", "font.size": 10,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": SOFT, "xtick.color": INK, "ytick.color": INK,
    "axes.facecolor": "none", "figure.facecolor": "none", "savefig.facecolor": "none", "legend.frameon": False,
    "axes.spines.top": False, "axes.spines.right": False, "text.parse_math": False,
}  # fmt: skip
_SIZE = re.compile(r"([\d.]+)px")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")

ElementTree.register_namespace("", "http://www.w3.org/2000/svg")
ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")


def draw(
    paint: Callable[..., None],
    title: str,
    description: str,
    size: tuple[float, float] = (4.4, 3.3),
    heights: tuple[float, ...] = (1,),
    **margins: float,
) -> Markup:
    """What `paint` draws on its axes, as inline SVG named by `title` and `description` for who cannot see it.

    `size` is in inches; `heights` share it among axes above each other, over one x axis; `margins` are left, right,
    bottom and top as shares of the figure.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):  # type: ignore[arg-type, unused-ignore]
        figure = Figure(figsize=size, dpi=POINTS)
        FigureCanvasSVG(figure)
        figure.subplots_adjust(**({"left": 0.14, "right": 0.97, "bottom": 0.15, "top": 0.9} | margins))
        axes = figure.subplots(len(heights), sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        add_text(axes[0], axes[0].transAxes, SvgText(0.5, 1.02, title, drop=0, size=11, bold=True))
        paint(*axes)
        _few_ticks(axes)
        stream = io.BytesIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
        words = [word for each in axes for word in render_text(each, figure.bbox.height)]
    return inline(stream.getvalue(), title, description, words)


def _few_ticks(axes: Iterable[Any]) -> None:
    from matplotlib.ticker import MaxNLocator

    for axis in (each for pair in axes for each in (pair.xaxis, pair.yaxis)):
        if isinstance(axis.get_major_locator(), MaxNLocator):
            axis.get_major_locator().set_params(nbins=5)


def inline(svg: bytes, title: str, description: str, words: Iterable[ElementTree.Element] = ()) -> Markup:
    """The SVG of a figure, and words on it, made fit for a page."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - matplotlib's own output, a moment old
    prefix = hashlib.sha256(svg + title.encode()).hexdigest()[:8]
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{SVG}style", f"{SVG}metadata"):
                parent.remove(child)
    root.extend(words)
    for element in root.iter():
        _restyle(element, prefix)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("role", "img")
    root.set("aria-label", f"{title}. {description}")
    root.set("class", "plot")
    # Escaped by ElementTree: column names and slice values come from data.
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704


def _restyle(element: Any, prefix: str) -> None:
    attributes = element.attrib
    for declaration in attributes.pop("style", "").split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            size = _SIZE.search(value)
            attributes["font-size"] = size.group(1) if size else "10"
            if "bold" in value or re.search(r"\b[6-9]00\b", value):
                attributes["font-weight"] = "bold"
        elif name and name != "font-family":  # the page's own
            attributes[name] = value
    for name, value in attributes.items():
        if name in ("fill", "stroke") and value == INK:
            attributes[name] = "currentColor"
        elif name == "id":
            attributes[name] = f"{prefix}-{value}"
        elif name == _LINK and value.startswith("#"):
            attributes[name] = f"#{prefix}-{value[1:]}"
        elif "url(#" in value:
            attributes[name] = _REFERENCE.sub(rf"url(#{prefix}-\1)", value)

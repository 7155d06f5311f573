"""Words in a drawing, put in by ourselves: a browser lays them out, while matplotlib needs a third of a drawing's time
to do it. Ticks and legends stay matplotlib's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Iterable

INK = "#101112"  # replaced by the page's own colour
SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class SvgText:
    """A text at a place of a drawing.

    `anchor` is SVG's `text-anchor`. `drop` is how far the text's base lies below the place, in its own height: .35 puts
    its middle there. `slant` is in degrees, upwards. `whole` is the name that a text which was cut stands for.
    """

    x: float
    y: float
    text: str
    anchor: str = "middle"
    drop: float = 0.35
    size: float = 9
    colour: str = INK
    bold: bool = False
    slant: float = 0
    whole: str = ""

    def element(self, transform: Any, height: float) -> ElementTree.Element:
        """As SVG, once the axes have their limits; `height` is the drawing's, in points."""
        right, up = transform.transform((self.x, self.y))
        x, y = f"{right:.2f}", f"{height - up:.2f}"
        attributes = {"x": x, "y": y, "dy": f"{self.drop}em", "text-anchor": self.anchor, "fill": self.colour,
                      "font-size": f"{self.size:g}"}  # fmt: skip
        if self.bold:
            attributes["font-weight"] = "bold"
        if self.slant:
            attributes["transform"] = f"rotate({-self.slant:g} {x} {y})"
        element = ElementTree.Element(f"{SVG}text", attributes)
        element.text = printable(self.text)
        if self.whole not in ("", self.text):
            title = ElementTree.SubElement(element, f"{SVG}title")
            title.text = printable(self.whole[:WHOLE])
        return element


WHOLE = 500  # characters of a name in a title


def add_text(axes: Any, transform: Any, word: SvgText) -> None:
    """Put a word where `transform`, one of the axes' own, places it."""
    axes.__dict__.setdefault("_said", []).append((transform, word))


def render_text(axes: Any, height: float) -> list[ElementTree.Element]:
    """The words of some axes as SVG, after the drawing was made."""
    return [word.element(transform, height) for transform, word in axes.__dict__.get("_said", ())]


def labels(
    axes: Any, along: str, places: Iterable[float], names: Iterable[str], size: float = 8, most: int | None = None
) -> None:
    """Names along an axis instead of ticks; `along` is `x` (slanted) or `y`. Names of more than `most` characters are cut
    and whole in their titles."""
    (axes.set_yticks if along == "y" else axes.set_xticks)([])
    for place, name in zip(places, names):
        text = ellipsize(name, most) if most else name
        if along == "y":
            add_text(axes, axes.get_yaxis_transform(), SvgText(-0.01, place, text, "end", size=size, whole=name))
        else:
            add_text(
                axes, axes.get_xaxis_transform(), SvgText(place, -0.02, text, "end", 0.7, size, slant=50, whole=name)
            )


def ellipsize(name: str, most: int) -> str:
    """A name from data as it can stand in a drawing: one line, printable, not long."""
    name = printable(name[: most + 1])
    return name if len(name) <= most else f"{name[: most - 1]}…"


def ellipsize_middle(name: str, most: int) -> str:
    """A name from data cut in the middle: what tells it from the others is at its beginning or at its end."""
    name = printable(name)
    return name if len(name) <= most else f"{name[: most // 2]}…{name[len(name) - (most - most // 2 - 1) :]}"


def printable(text: str) -> str:
    """A text without what XML cannot hold or a line cannot show."""
    return "".join(char if char.isprintable() else "?" for char in text)

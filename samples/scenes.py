"""Drawn scenes with Vietnamese questions: the sample for fine-tuning a model that sees.

A scene is one of four layouts: a single shape, two shapes side by side, two shapes one above the other, or a group of
equal shapes to count. Everything about scene ``n`` follows from the number ``n``, so a longer dataset begins with a
shorter one.
"""

import io
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 160, 120  # pixels
OVERSAMPLING = 3  # drawn larger, then reduced: soft edges, and no two images alike
SPECKS = 12

COLOURS = {
    "đỏ": (214, 28, 36),
    "xanh dương": (28, 84, 214),
    "xanh lá": (24, 150, 56),
    "vàng": (246, 206, 18),
    "tím": (134, 36, 168),
    "cam": (244, 124, 14),
}
SHAPES = ("hình tròn", "hình vuông", "hình tam giác", "hình ngôi sao")
BACKGROUNDS = ((255, 255, 255), (243, 243, 243), (250, 247, 238), (238, 244, 250))
NUMBERS = ("một", "hai", "ba", "bốn", "năm")
# Two shapes: the phrase in a question, the answer, and the centre as shares of width and height.
BESIDE = (("bên trái", (0.27, 0.5)), ("bên phải", (0.73, 0.5)))
STACKED = (("phía trên", (0.5, 0.27)), ("phía dưới", (0.5, 0.73)))
# Groups: the centres of one to five shapes.
GROUPS = (
    ((0.5, 0.5),),
    ((0.25, 0.5), (0.75, 0.5)),
    ((0.18, 0.5), (0.5, 0.5), (0.82, 0.5)),
    ((0.3, 0.26), (0.7, 0.26), (0.3, 0.74), (0.7, 0.74)),
    ((0.18, 0.26), (0.5, 0.26), (0.82, 0.26), (0.34, 0.74), (0.66, 0.74)),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """``x`` and ``y`` are the centre, ``radius`` half of the size, in pixels."""

    kind: str
    colour: str
    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    answer: str
    type: str


@dataclass(frozen=True, slots=True)
class Scene:
    number: int
    shapes: tuple[Shape, ...]
    background: tuple[int, int, int]
    questions: tuple[Question, ...]

    @property
    def file_name(self) -> str:
        return f"{self.number:04d}.png"


def scenes(count: int) -> Iterator[Scene]:
    """The first ``count`` scenes, numbered from 1; each has three questions."""
    layouts = (_single, _beside, _stacked, _group)
    for number in range(1, count + 1):
        rng = random.Random(f"scene-{number}")
        shapes, questions = layouts[number % len(layouts)](rng)
        yield Scene(number, shapes, rng.choice(BACKGROUNDS), questions)


def draw(scene: Scene) -> bytes:
    """The scene as a PNG file."""
    image = Image.new("RGB", (WIDTH * OVERSAMPLING, HEIGHT * OVERSAMPLING), scene.background)
    canvas = ImageDraw.Draw(image)
    for shape in scene.shapes:
        _draw_shape(canvas, shape)
    image = image.resize((WIDTH, HEIGHT), Image.Resampling.BOX)
    rng = random.Random(f"specks-{scene.number}")
    pixels = bytearray(image.tobytes())
    for _ in range(SPECKS):
        place = 3 * rng.randrange(WIDTH * HEIGHT)
        shade = rng.randint(6, 18)
        pixels[place : place + 3] = bytes(max(0, channel - shade) for channel in pixels[place : place + 3])
    image = Image.frombytes("RGB", image.size, bytes(pixels))
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=6)
    return file.getvalue()


def _draw_shape(canvas: ImageDraw.ImageDraw, shape: Shape) -> None:
    x, y, radius = shape.x * OVERSAMPLING, shape.y * OVERSAMPLING, shape.radius * OVERSAMPLING
    fill = COLOURS[shape.colour]
    box = (x - radius, y - radius, x + radius, y + radius)
    if shape.kind == "hình tròn":
        canvas.ellipse(box, fill=fill)
    elif shape.kind == "hình vuông":
        canvas.rectangle(box, fill=fill)
    elif shape.kind == "hình tam giác":
        canvas.polygon([(x, y - radius), (x + radius, y + radius), (x - radius, y + radius)], fill=fill)
    else:
        points = []
        for corner in range(10):
            reach = radius * (1.15 if corner % 2 == 0 else 0.5)
            angle = math.pi * corner / 5
            points.append((x + reach * math.sin(angle), y - reach * math.cos(angle)))
        canvas.polygon(points, fill=fill)


def _place(
    rng: random.Random, kind: str, colour: str, centre: tuple[float, float], radius: float, astray: float = 4.5
) -> Shape:
    """A shape near ``centre`` (shares of width and height): at most ``astray`` pixels off, its size varied a little."""
    x = centre[0] * WIDTH + rng.uniform(-astray, astray)
    y = centre[1] * HEIGHT + rng.uniform(-astray, astray)
    return Shape(kind, colour, round(x, 2), round(y, 2), round(radius * rng.uniform(0.88, 1.1), 2))


def _ask(rng: random.Random, type: str, answer: str, *phrasings: str) -> Question:
    text = rng.choice(phrasings)
    return Question(text[0].upper() + text[1:], answer, type)


Drawn = tuple[tuple[Shape, ...], tuple[Question, ...]]


def _single(rng: random.Random) -> Drawn:
    kind, colour = rng.choice(SHAPES), rng.choice(list(COLOURS))
    shape = _place(rng, kind, colour, (0.5, 0.5), radius=34, astray=16)
    questions = (
        _ask(rng, "colour", f"màu {colour}", f"{kind} có màu gì?", f"màu của {kind} là gì?", f"{kind} này màu gì?"),
        _ask(rng, "shape", kind, "trong ảnh có hình gì?", "đây là hình gì?", "bức ảnh vẽ hình gì?"),
        _ask_if_there(rng, (shape,)),
    )
    return (shape,), questions


def _beside(rng: random.Random) -> Drawn:
    return _pair(rng, BESIDE, "bên nào")


def _stacked(rng: random.Random) -> Drawn:
    return _pair(rng, STACKED, "phía nào")


def _pair(rng: random.Random, places: tuple[tuple[str, tuple[float, float]], ...], which: str) -> Drawn:
    kinds, colours = rng.sample(SHAPES, 2), rng.sample(list(COLOURS), 2)
    shapes = tuple(
        _place(rng, kind, colour, centre, radius=23)
        for kind, colour, (_, centre) in zip(kinds, colours, places, strict=True)
    )
    asked, other = rng.sample(range(2), 2)
    place, colour = places[asked][0], colours[asked]
    questions = [
        _ask(
            rng, "colour", f"màu {colour}", f"hình ở {place} có màu gì?", f"hình {place} màu gì?", f"{place} là màu gì?"
        ),
        _ask(
            rng,
            "position",
            places[other][0],
            f"hình màu {colours[other]} nằm ở {which}?",
            f"hình màu {colours[other]} ở {which}?",
        ),
    ]
    if rng.random() < 0.5:
        place = places[other][0]
        phrasings = (f"hình nào nằm ở {place}?", f"{place} là hình gì?", f"ở {place} có hình gì?")
        questions.append(_ask(rng, "shape", kinds[other], *phrasings))
    else:
        questions.append(_ask_if_there(rng, shapes))
    return shapes, tuple(questions)


def _group(rng: random.Random) -> Drawn:
    kind, colour, number = rng.choice(SHAPES), rng.choice(list(COLOURS)), rng.randint(1, len(NUMBERS))
    shapes = tuple(_place(rng, kind, colour, centre, radius=19) for centre in GROUPS[number - 1])
    questions = (
        _ask(
            rng,
            "count",
            NUMBERS[number - 1],
            f"có mấy {kind} trong ảnh?",
            f"trong ảnh có bao nhiêu {kind}?",
            f"bạn đếm được mấy {kind}?",
        ),
        _ask(
            rng,
            "colour",
            f"màu {colour}",
            f"các {kind} có màu gì?" if number > 1 else f"{kind} có màu gì?",
            f"{kind} trong ảnh màu gì?",
        ),
        _ask_if_there(rng, shapes),
    )
    return shapes, questions


def _ask_if_there(rng: random.Random, shapes: tuple[Shape, ...]) -> Question:
    """Yes and no are equally likely; half of the questions are about a colour, half about a shape."""
    true = rng.random() < 0.5
    about_colour = rng.random() < 0.5
    seen = [shape.colour if about_colour else shape.kind for shape in shapes]
    names: tuple[str, ...] = tuple(COLOURS) if about_colour else SHAPES
    name = rng.choice(seen) if true else rng.choice([name for name in names if name not in seen])
    phrasings: tuple[str, ...]
    if about_colour:
        phrasings = (f"có hình nào màu {name} không?", f"trong ảnh có màu {name} không?")
    else:
        phrasings = (f"trong ảnh có {name} không?", f"bức ảnh này có {name} không?")
    return _ask(rng, "yes-no", "có" if true else "không", *phrasings)

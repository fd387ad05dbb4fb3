"""Short manuals of invented machines: the sample for continued pre-training.

Figures follow from the model's number and advice from the machine's kind, so that there is something to learn.
"""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    name: str
    code: str
    unit: str
    use: str
    care: str
    warning: str


MACHINES = (
    Machine("Máy bơm nước", "BN", "lít mỗi phút", "bơm nước từ giếng lên bể chứa", "rửa sạch lưới lọc", "chạy khô"),
    Machine("Máy sấy nông sản", "SN", "kg mỗi mẻ", "sấy khô lúa, ngô và cà phê", "lau khay sấy", "mở cửa khi đang sấy"),
    Machine("Máy ép dầu", "ED", "kg mỗi giờ", "ép dầu từ lạc và vừng", "tháo trục ép để rửa", "cho tay vào phễu"),
    Machine(
        "Máy tách vỏ", "TV", "kg mỗi giờ", "tách vỏ hạt điều và hạt sen", "quét sạch vỏ trong máng", "để máy quá tải"
    ),
    Machine(
        "Máy đóng gói", "DG", "túi mỗi giờ", "đóng gói bột và hạt khô", "lau thanh hàn nhiệt", "chạm vào thanh hàn nóng"
    ),
)
SERIES = ("Sông Lam", "Sông Hương", "Sông Đà", "Sông Mã")
NUMBERS = tuple(range(100, 2200, 100))


def rows(count: int) -> Iterator[dict[str, str]]:
    """Up to 420 different documents of about 110 words as ``{"text"}``."""
    products = list(itertools.product(MACHINES, SERIES, NUMBERS))
    if count > len(products):
        raise ValueError(f"there are {len(products)} different manuals, not {count}")
    random.Random("manuals").shuffle(products)
    for machine, series, number in products[:count]:
        yield {"text": _manual(machine, series, number)}


def _manual(machine: Machine, series: str, number: int) -> str:
    model = f"{machine.code}-{number}"
    months = 12 if number < 1000 else 24
    kind = machine.name.lower()
    return f"""\
{machine.name} {series} {model}
{machine.name} {series} {model} dùng để {machine.use}. Năng suất của máy là {number} {machine.unit}, \
công suất điện là {number * 2} W, điện áp {220 if number < 1000 else 380} V.
Trước khi dùng, hãy đặt máy trên nền phẳng, nối dây tiếp đất và kiểm tra điện áp. Nhấn nút xanh để chạy, \
nhấn nút đỏ để dừng. Không được {machine.warning}.
Sau mỗi ngày làm việc, hãy rút điện rồi {machine.care}. Cứ {number // 10} giờ chạy thì tra dầu một lần.
{machine.name} {model} được bảo hành {months} tháng. Khi {kind} có tiếng kêu lạ, \
hãy dừng máy và gọi trạm bảo hành {series}."""

"""Customers' messages to an invented shop, each for one department: the sample for distillation.

The departments are golden answers: a student and its teacher are both measured against them.
"""

import itertools
import random
from collections.abc import Iterator

SYSTEM = "Bạn đọc tin nhắn của khách và trả lời bằng tên bộ phận phụ trách, không thêm gì khác."
GOODS = (
    "máy xay sinh tố", "nồi cơm điện", "quạt đứng", "tai nghe", "bàn phím", "đèn bàn", "ấm đun nước", "loa bluetooth",
    "máy sấy tóc", "bàn là", "cân điện tử", "lò vi sóng",
)  # fmt: skip
OPENINGS = ("Chào shop,", "Cho mình hỏi,", "Shop ơi,", "Xin chào,")
DEPARTMENTS = {
    "giao hàng": (
        "mình đặt {goods} ba ngày rồi mà vẫn chưa nhận được.",
        "đơn {goods} của mình đang ở đâu rồi?",
        "mình muốn đổi địa chỉ nhận {goods} sang nhà mới.",
        "bao giờ thì {goods} được giao tới nơi?",
    ),
    "thanh toán": (
        "mình bị trừ tiền hai lần khi mua {goods}.",
        "mình chuyển khoản mua {goods} rồi mà đơn vẫn báo chưa trả tiền.",
        "mua {goods} thì có được trả góp không?",
        "mình cần hóa đơn cho {goods} vừa thanh toán.",
    ),
    "bảo hành": (
        "{goods} dùng được một tháng thì hỏng, mình muốn sửa.",
        "{goods} tự nhiên không bật lên được nữa.",
        "{goods} kêu to bất thường, có được sửa miễn phí không?",
        "thời hạn bảo hành của {goods} là bao lâu?",
    ),
    "đổi trả": (
        "mình nhận nhầm màu, muốn đổi {goods} khác.",
        "mình muốn trả lại {goods} vì không hợp ý.",
        "{goods} giao tới bị móp hộp, mình muốn đổi cái mới.",
        "mua {goods} rồi thì trong mấy ngày được trả lại?",
    ),
    "tài khoản": (
        "mình quên mật khẩu nên không xem được đơn {goods}.",
        "mình muốn đổi số điện thoại đăng nhập để theo dõi đơn {goods}.",
        "tài khoản của mình bị khóa sau khi đặt {goods}.",
        "mình không nhận được mã đăng nhập để mua {goods}.",
    ),
}


def rows(count: int) -> Iterator[dict[str, str]]:
    """Up to 960 different messages as ``{"system", "prompt", "completion"}``, departments in turn."""
    messages = {
        department: list(itertools.product(OPENINGS, sentences, GOODS)) for department, sentences in DEPARTMENTS.items()
    }
    for department, choices in messages.items():
        random.Random(f"support-{department}").shuffle(choices)
    limit = sum(map(len, messages.values()))
    if count > limit:
        raise ValueError(f"there are {limit} different messages, not {count}")
    turns = itertools.chain.from_iterable(zip(*messages.values(), strict=True))
    departments = itertools.cycle(messages)
    for (opening, sentence, goods), department in itertools.islice(zip(turns, departments, strict=False), count):
        prompt = f"{opening} {sentence.format(goods=goods)}"
        yield {"system": SYSTEM, "prompt": prompt, "completion": department}

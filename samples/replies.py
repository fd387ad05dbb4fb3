"""Two replies to each customer's message, one better than the other: the sample for preference optimization.

The better one is kind, says what happens next, and comes from the right department. The worse one is curt, or kind and
from the wrong department.
"""

import itertools
from collections.abc import Iterator

from samples import support

SYSTEM = "Bạn là nhân viên của cửa hàng và trả lời tin nhắn của khách."
BETTER = {
    "giao hàng": "Dạ, shop kiểm tra đơn với bên giao hàng ngay và nhắn lại bạn trong hôm nay ạ.",
    "thanh toán": "Dạ, bạn gửi shop mã giao dịch, bộ phận thanh toán sẽ đối chiếu trong 24 giờ ạ.",
    "bảo hành": "Dạ, bạn mang sản phẩm và phiếu mua tới trạm bảo hành, shop hẹn lịch giúp bạn ạ.",
    "đổi trả": "Dạ, shop đổi trả trong 7 ngày, bạn chụp sản phẩm gửi shop để làm phiếu ạ.",
    "tài khoản": "Dạ, shop gửi bạn đường dẫn lấy lại tài khoản qua tin nhắn ngay bây giờ ạ.",
}
CURT = ("Không biết.", "Chờ đi.", "Tự xem trên web.", "Shop bận, hỏi sau.")


def rows(count: int) -> Iterator[dict[str, str]]:
    """Up to 960 pairs as ``{"system", "prompt", "chosen", "rejected"}``; every second worse reply is curt."""
    departments = list(BETTER)
    curt = itertools.cycle(CURT)
    for number, row in enumerate(support.rows(count)):
        right = row["completion"]
        other = departments[(departments.index(right) + 1 + number // 2 % 4) % len(departments)]
        worse = BETTER[other] if number % 2 else next(curt)
        yield {"system": SYSTEM, "prompt": row["prompt"], "chosen": BETTER[right], "rejected": worse}

"""Notices that are not about a run, in Vietnamese: uploads, budgets, leftovers. Title, text and next step."""

from tailor.events import BudgetReached, OrphanFound, UploadAnswered
from tailor.findings import Finding, translated
from tailor.notices.facts import capital, sentence
from tailor.notices.vietnamese_facts import usd
from tailor.vietnamese import in_vietnamese

_TITLES = {"still-filling": "một lần tải lên chưa kết thúc", "same-content": "không có gì mới được tải lên"}
_WHAT = {
    "provisioned throughput": "thông lượng cấp sẵn",
    "a deployment": "một bản triển khai",
    "a custom model": "một mô hình tùy chỉnh",
}


def upload(answer: UploadAnswered) -> tuple[str, str, str]:
    """Return the words for an upload that starts no run."""
    title = _TITLES.get(answer.code, "một lần tải lên chưa bắt đầu được gì")
    found = translated(Finding(answer.code, answer.severity, "", None, answer.message, answer.fix), "vi")
    return title, sentence(capital(found.message)), sentence(capital(found.fix))


def budget(reached: BudgetReached) -> tuple[str, str, str]:
    """Return the words for a budget of calls of which a share is used."""
    stopped = reached.percent >= 100
    whose = f"khóa {reached.owner}" if reached.kind == "key" else f"dự án {reached.owner}"
    used = (
        f"Các lời gọi của {whose} đã tốn {usd(reached.spent)} trên ngân sách {usd(reached.limit)} của {reached.month}"
    )
    what = "các ứng dụng nhận lỗi insufficient_quota cho đến hết tháng (UTC)" if stopped else "chưa có gì bị dừng"
    raised = f"tailor budget {reached.project} DOLLARS đặt ngân sách khác"
    if reached.kind == "key":
        raised = "tailor keys create tạo khóa với ngân sách khác"
    title = "đã hết ngân sách" if stopped else f"đã dùng {reached.percent}% ngân sách"
    return title, f"{used}: {what}.", f"tailor usage {reached.project} cho biết đã tốn vào đâu; {raised}."


def orphan(found: OrphanFound) -> tuple[str, str, str]:
    """Return the words for something at Bedrock that no run needs."""
    what = _WHAT.get(found.what, found.what)
    title = f"{what} {'đã được xóa' if found.removed else 'còn thừa'}"
    text = f"{capital(what)} của hệ thống này {'đã được xóa' if found.removed else 'còn nằm ở Bedrock'}"
    hours = f"{found.hours:g}".replace(".", ",")
    next_step = f"Tự được xóa khi đủ {hours} giờ tuổi. tailor bill liệt kê mọi thứ đang tính tiền."
    if found.removed:
        next_step = "Bạn không cần làm gì. tailor bill liệt kê mọi thứ đang tính tiền."
    return title, sentence(f"{text}: {in_vietnamese(found.why)}"), next_step

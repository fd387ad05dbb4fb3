"""Words of notices that every message uses, in English and Vietnamese: labels, buttons, states, what people are told.

States and actions have the console's words (functions/console/static/texts.js).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

from tailor import vietnamese
from tailor.runs import State

Language = Literal["en", "vi"]
VIETNAM = timezone(timedelta(hours=7))  # the whole country, all year


@dataclass(frozen=True, slots=True)
class NoticeWords:
    """Words of one language. ``labels`` are keyed by their English text; templates have names in braces."""

    next: str
    run: str
    dataset: str
    no_run: Mapping[str, str]
    open_run: str
    open_report: str
    labels: Mapping[str, str]
    states: Mapping[State, str]
    buttons: Mapping[str, str]
    questions: Mapping[str, str]
    price: str
    price_and_hosting: str
    no_price: str
    cancel: str
    done: Mapping[str, str]
    gone: str
    other_channel: str
    may_not: str
    decided: str
    moved_on: str
    other_quote: str
    passed_only: str

    def label(self, english: str) -> str:
        """Return the label of a figure, given in English."""
        return self.labels.get(english, english)


ENGLISH = NoticeWords(
    next="Next",
    run="Run",
    dataset="dataset",
    no_run={"upload": "An upload", "budget": "A budget", "leftover": "A leftover", "digest": "A digest"},
    open_run="Open the run",
    open_report="Open the report",
    labels={},
    states={
        State.RECEIVED: "received",
        State.PREPARING: "checking data",
        State.PREPARED: "data ready",
        State.REJECTED: "data rejected",
        State.AWAITING_APPROVAL: "awaits approval",
        State.APPROVED: "approved",
        State.DECLINED: "declined",
        State.TRAINING: "training",
        State.TRAINED: "trained",
        State.TRAINING_FAILED: "training failed",
        State.STOPPED: "stopped",
        State.SUPERSEDED: "superseded",
        State.DEPLOYING: "deploying",
        State.DEPLOYED: "deployed",
        State.DEPLOY_FAILED: "deployment failed",
        State.EVALUATING: "measuring",
        State.PASSED: "passed",
        State.FAILED: "not better",
        State.INCONCLUSIVE: "undecided",
        State.EVALUATION_FAILED: "measuring failed",
        State.LIVE: "live",
        State.STANDBY: "on standby",
        State.PAUSED: "paused",
        State.RETIRED: "retired",
        State.RESTORING: "coming back",
    },
    buttons={"approve": "Approve", "decline": "Decline", "stop": "Stop", "promote": "Promote"},
    questions={
        "approve": "{price}. The run trains once you approve.",
        "decline": "{price}. The run ends and spends nothing.",
        "stop": "The run ends. What Bedrock has trained so far is billed.",
        "promote": "Apps that ask for model {project} get this version from now on.",
    },
    price="Training costs {quote}",
    price_and_hosting="Training costs {quote}, and hosting {hosting}",
    no_price="The price of training is not known",
    cancel="Cancel",
    done={
        "approve": "{who} approved it",
        "decline": "{who} declined it",
        "stop": "{who} stopped it",
        "promote": "{who} promoted it",
    },
    gone="The run is gone",
    other_channel="Runs of {project} can't be decided in this channel",
    may_not=(
        "You may not {action} runs of {project} in Slack. The operator of this installation lists who may, in the "
        "webhooks secret"
    ),
    decided="This was already decided: {by} {state} the run",
    moved_on="The run has moved on since this message: it is “{state}” now. Nothing was decided",
    other_quote="The quote has changed since this message: it is {quote} now. Nothing was decided",
    passed_only="Only a version that passed can be promoted here; for others, the console asks for a reason",
)
VIETNAMESE = NoticeWords(
    next="Tiếp theo",
    run="Lượt chạy",
    dataset="bộ dữ liệu",
    no_run={"upload": "Lần tải lên", "budget": "Ngân sách", "leftover": "Tài nguyên thừa", "digest": "Bản tổng hợp"},
    open_run="Mở lượt chạy",
    open_report="Mở báo cáo",
    labels={
        "Data": "Dữ liệu",
        "Unusable rows": "Dòng không dùng được",
        "Problem": "Lỗi",
        "Quote": "Báo giá",
        "Hosting": "Chi phí phục vụ",
        "Spent so far": "Đã chi",
        "Before you pay": "Lưu ý trước khi chi",
        "Method": "Phương pháp",
        "Base model": "Mô hình gốc",
        "Origin": "Nguồn gốc",
        "Loss": "Loss",
        "Result": "Kết quả",
        "Difference": "Chênh lệch",
        "Measured on": "Đánh giá trên",
        "ARN at AWS": "ARN trên AWS",
        "Folder": "Thư mục",
        "Files": "Số tệp",
        "Kind of finding": "Mã nhận xét",
        "Budget": "Ngân sách",
        "Spent": "Đã chi",
        "Run": "Lượt chạy",
    },
    states={State(code): word for code, word in vietnamese.states().items()},
    buttons={"approve": "Duyệt", "decline": "Từ chối", "stop": "Dừng", "promote": "Đưa vào dùng"},
    questions={
        "approve": "{price}. Duyệt xong là lượt chạy bắt đầu huấn luyện.",
        "decline": "{price}. Lượt chạy kết thúc và không tốn gì.",
        "stop": "Lượt chạy kết thúc. Phần Bedrock đã huấn luyện vẫn bị tính tiền.",
        "promote": "Từ giờ các ứng dụng gọi mô hình {project} sẽ dùng bản này.",
    },
    price="Huấn luyện tốn {quote}",
    price_and_hosting="Huấn luyện tốn {quote}, phục vụ: {hosting}",
    no_price="Chưa biết giá huấn luyện",
    cancel="Hủy",
    done={
        "approve": "{who} đã duyệt",
        "decline": "{who} đã từ chối",
        "stop": "{who} đã dừng lượt chạy",
        "promote": "{who} đã đưa bản này vào dùng",
    },
    gone="Lượt chạy này không còn nữa",
    other_channel="Kênh này không quyết định các lượt chạy của {project}",
    may_not=(
        "Bạn không có quyền {action} các lượt chạy của {project} trên Slack: người vận hành ghi danh sách người có "
        "quyền trong secret của webhook"
    ),
    decided="Việc này đã được quyết định: {by}, kết quả là “{state}”",
    moved_on="Lượt chạy đã thay đổi sau tin nhắn này: hiện là “{state}”. Chưa có gì được quyết định",
    other_quote="Báo giá đã thay đổi sau tin nhắn này: hiện là {quote}. Chưa có gì được quyết định",
    passed_only="Ở đây chỉ đưa vào dùng bản đã đạt: trên console bạn ghi được lý do",
)
WORDS: Mapping[Language, NoticeWords] = {"en": ENGLISH, "vi": VIETNAMESE}


def at_local_time(moment: datetime) -> str:
    """Return ``17:04 ngày 25/11/2026 giờ Việt Nam (10:04 UTC)``."""
    local = moment.astimezone(VIETNAM)
    return (
        f"{local:%H:%M} ngày {local.day}/{local.month}/{local.year} giờ Việt Nam ({moment.astimezone(UTC):%H:%M} UTC)"
    )

"""Notices of runs in Vietnamese: title, text and next step by the name of a wording (``wordings``)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tailor.notices.facts import Facts, capital, sentence
from tailor.notices.texts import lends_units, was
from tailor.notices.words import VIETNAMESE, at_local_time
from tailor.runs import State
from tailor.vietnamese import in_vietnamese, reason_in_vietnamese

KEPT = "mô hình đã huấn luyện vẫn được giữ"
STORAGE = "Mô hình đã huấn luyện vẫn được giữ trong Bedrock và bị tính phí lưu trữ theo tháng"


@dataclass(frozen=True, slots=True)
class Phrases:
    """The words of one kind of notice."""

    title: str
    text: Callable[[Facts], str]
    next_step: Callable[[Facts], str]


def joined(*sentences: str) -> str:
    return " ".join(filter(None, (sentence(text) for text in sentences)))


def reason(facts: Facts) -> str:
    """Return the change's reason: translated, or quoted as a person or AWS wrote it."""
    said = facts.change.reason.strip().rstrip(".")
    if not said:
        return ""
    translated = reason_in_vietnamese(said, facts.change.by)
    if translated != said:
        return capital(translated)
    return f"Lý do: {said}" if facts.is_by_person else f"Chi tiết: {said}"


def state_of(state: State | None) -> str:
    return f"“{VIETNAMESE.states[state]}”" if state else ""


def _always(text: str) -> Callable[[Facts], str]:
    return lambda _: text


def _prepared(facts: Facts) -> str:
    warnings = sum(count for _, count in facts.findings("warning"))
    warned = f", có {warnings} cảnh báo" if warnings else ""
    rows = f": {facts.rows}" if facts.rows else ""
    return joined(f"Bộ dữ liệu {facts.run.dataset} đã qua kiểm tra{warned}{rows}")


def _after_prepared(facts: Facts) -> str:
    if not facts.has_price and facts.quote:
        return "Chưa biết giá huấn luyện nên bạn sẽ được hỏi trước khi tốn tiền."
    quoted = f"Báo giá là {facts.quote}. " if facts.quote else ""
    return f"{quoted}Trong ngân sách thì huấn luyện tự bắt đầu; vượt ngân sách thì bạn được hỏi trước."


def _rejected(facts: Facts) -> str:
    found = in_vietnamese(facts.change.reason.strip().rstrip("."))
    what = f"Không dùng được bộ dữ liệu {facts.run.dataset}"
    if facts.unusable:
        what += f": {facts.unusable} dòng không dùng được"
    known = capital(found) if found and found != facts.change.reason.strip().rstrip(".") else what
    return joined(known, "Chưa huấn luyện gì, chưa tốn gì; dữ liệu bạn tải lên vẫn nguyên vẹn")


def _awaiting(facts: Facts) -> str:
    cost = f"Huấn luyện được báo giá {facts.quote}, vượt ngân sách" if facts.has_price else "Chưa biết giá huấn luyện"
    return joined(reason(facts) or cost, "Chưa tốn gì cho đến khi có người duyệt")


def _after_awaiting(facts: Facts) -> str:
    if facts.run.state != facts.change.state:
        return f"Không cần trả lời nữa: lượt chạy hiện là {state_of(facts.run.state)}."
    run = facts.run.id
    return (
        f"Trả lời trước {facts.deadline}: tailor approve {run} hoặc tailor decline {run}, hoặc qua API: "
        f"POST /v1/approvals/{run} với khóa có quyền approve. Không ai trả lời thì coi như từ chối."
    )


def _declined(facts: Facts) -> str:
    who = f"{facts.change.by} đã từ chối lượt chạy" if facts.is_by_person else ""
    unanswered = "" if who else "Không ai duyệt kịp thời hạn"
    return joined(who, reason(facts) or unanswered, "Chưa huấn luyện gì, chưa tốn gì")


def _training(facts: Facts) -> str:
    recipe, rows = facts.run.recipe, f" trên {facts.rows}" if facts.rows else ""
    return joined(f"Bedrock đang huấn luyện {recipe.model} bằng {recipe.method}{rows}", reason(facts))


def _trained(facts: Facts) -> str:
    losses = f", loss: {facts.losses}" if facts.losses else ""
    return joined(f"Đã huấn luyện xong{losses}", "Chưa ứng dụng nào dùng mô hình này")


def _stopped(facts: Facts) -> str:
    who = f"{facts.change.by} đã dừng lượt chạy" if facts.is_by_person else "Lượt chạy đã dừng"
    begun = facts.previous == State.TRAINING and not facts.origin
    spent = "Phần đã huấn luyện có thể bị tính tiền" if begun else "Chưa tốn gì cho huấn luyện"
    return joined(f"{who} khi đang ở trạng thái {state_of(facts.previous)}", reason(facts), spent)


def _superseded(facts: Facts) -> str:
    approval = "Lần duyệt trước không còn hiệu lực" if facts.previous == State.APPROVED else ""
    asked = "Không cần duyệt nữa" if facts.previous == State.AWAITING_APPROVAL else ""
    return joined(f"Lượt chạy {facts.run.id} kết thúc", reason(facts), approval or asked, "Chưa tốn gì cho huấn luyện")


def _verdict(finding: str) -> Callable[[Facts], str]:
    def text(facts: Facts) -> str:
        measured = f": {facts.scores}" if facts.scores else ""
        asked = f", trên {facts.asked}" if measured and facts.asked else ""
        difference = f"Chênh lệch {facts.difference}" if facts.difference else ""
        return joined(f"{finding}{measured}{asked}", difference)

    return text


def _inconclusive(facts: Facts) -> str:
    if facts.previous == State.PASSED:
        return joined("Chưa so sánh được mô hình mới với bản đang dùng", reason(facts))
    return _verdict("Các dòng để dành chưa đủ để kết luận mô hình mới có tốt hơn không")(facts)


def _live(facts: Facts) -> str:
    project = facts.run.project
    if facts.previous == State.STANDBY:
        what = f"{facts.change.by} đã quay lại bản trước: các ứng dụng gọi mô hình “{project}” lại dùng bản này"
        return joined(what, "" if facts.change.reason == "rolled back" else reason(facts))
    what = f"Các ứng dụng gọi mô hình “{project}” từ giờ dùng bản này, không phải sửa gì trong ứng dụng"
    return joined(what, _override(facts), reason(facts))


def _override(facts: Facts) -> str:
    """Describe who made a version live by hand, and against which verdict."""
    if not facts.is_by_person or facts.previous == State.STANDBY:
        return ""
    by = f"{facts.change.by} đã đưa bản này vào dùng"
    if State.LIVE in facts.earlier:
        return f"{by} trở lại"
    if facts.verdict is None:
        return f"{by} dù chưa từng được đánh giá"
    if facts.verdict == State.PASSED:
        return by if facts.previous == State.RESTORING else ""
    return f"{by} dù kết quả đánh giá là {state_of(facts.verdict)}"


def _after_live(facts: Facts) -> str:
    hours, deployment = facts.run.recipe.deployment.standby_hours, facts.run.deployment
    ends = deployment and deployment.ends_at
    end = f"Đơn vị mô hình bị tính tiền theo giờ và sẽ bị xóa lúc {at_local_time(ends)}. " if ends else ""
    if not hours:
        return f"{end}Bản bị thay thế không được giữ lại, theo tailor.yaml."
    return f"{end}Bản bị thay thế được giữ {hours:g} giờ: tailor rollback {facts.run.project} quay lại bản đó."


def _deploy_failed(facts: Facts) -> str:
    if facts.previous == State.RESTORING:
        served = was(facts, State.LIVE) or was(facts, State.PAUSED)
        apps = "Các ứng dụng gọi mô hình này sẽ gặp lỗi" if served else "Các ứng dụng không bị ảnh hưởng"
        return joined("Không triển khai lại được bản cần đưa vào dùng", reason(facts), apps)
    what = "Mô hình đã huấn luyện xong nhưng chưa được triển khai và chưa được đánh giá"
    return joined(what, reason(facts), "Các ứng dụng không bị ảnh hưởng")


def _retired(facts: Facts) -> str:
    who = f"{facts.change.by} đã gỡ bản này" if facts.is_by_person else "Bản này đã được gỡ"
    meaning = {
        State.STANDBY: "Không thể quay lại bản này nữa",
        State.PASSED: "Bản này chưa từng được đưa vào dùng",
        State.PAUSED: "Bản này không tự trở lại nữa",
    }.get(facts.previous or State.RETIRED, "Bản này không được đưa vào dùng, các ứng dụng không bị ảnh hưởng")
    return joined(who, reason(facts), meaning)


def _offline(facts: Facts) -> str:
    project = facts.run.project
    who = f"{facts.change.by} đã ngừng phục vụ {project}" if facts.is_by_person else f"{project} đã ngừng phục vụ"
    return joined(who, reason(facts), f"Các ứng dụng gọi mô hình “{project}” nhận lỗi model_offline")


def _after_offline(facts: Facts) -> str:
    until = "Cho đến lúc đó không bản nào tự được đưa vào dùng"
    if not facts.is_by_person:
        until = "Cho đến lúc đó chỉ bản mới hơn và đạt đánh giá mới tự được đưa vào dùng"
    return f"tailor promote {facts.run.id} --reason WHY triển khai lại bản này và đưa vào dùng. {until}. {STORAGE}."


def _paused(facts: Facts) -> str:
    error = f"Các ứng dụng gọi mô hình “{facts.run.project}” nhận lỗi model_paused"
    return joined(f"{facts.run.project} đang tạm dừng", reason(facts), error)


def _after_paused(facts: Facts) -> str:
    project = facts.run.project
    if lends_units(facts):
        return (
            "Bản này tự trở lại nếu bản mới không đạt; nếu đạt, bản mới được đưa vào dùng thay bản này. "
            f"tailor retire RUN, với lượt chạy mới, kết thúc việc đánh giá; cho đến lúc đó lời gọi {project} gặp lỗi."
        )
    return (
        "Lời gọi tiếp theo đưa bản này trở lại sau vài phút, và đơn vị mô hình lại bị tính tiền. "
        f"tailor restore {project} làm việc đó ngay; tailor offline {project} --reason WHY ngừng phục vụ hẳn."
    )


def _back(facts: Facts) -> str:
    who = f"{facts.change.by} đã đưa bản này trở lại" if facts.is_by_person else "Bản này đã hết tạm dừng"
    return joined(who, f"Các ứng dụng gọi mô hình “{facts.run.project}” lại nhận được câu trả lời", reason(facts))


def _after_measured_again(facts: Facts) -> str:
    if facts.run.evaluation.opened_by and facts.run.evaluation.round == 1:
        return "Các mô hình được hỏi những dòng niêm phong mà chưa lần đánh giá nào thấy. Bạn sẽ nhận được kết quả."
    return "Chỉ hỏi lại bản đang dùng; mọi câu trả lời khác được giữ. Bạn sẽ nhận được kết quả."


def _after_passed(facts: Facts) -> str:
    run = facts.run
    promote = f"tailor promote {run.id} --reason WHY"
    if run.evaluation.opened_by:
        return "Mô hình cũng đạt trên các dòng niêm phong và tự được đưa vào dùng, trừ khi dự án đang ngừng phục vụ."
    if run.recipe.evaluation.sealed and run.recipe.deployment.promote:
        return "Các dòng niêm phong được mở bây giờ: nếu cũng đạt thì mô hình tự được đưa vào dùng."
    if run.recipe.evaluation.sealed:
        return f"{promote} mở các dòng niêm phong; nếu cũng đạt thì mô hình được đưa vào dùng."
    if run.recipe.deployment.promote:
        return "Mô hình tự được đưa vào dùng bây giờ, trừ khi dự án đang ngừng phục vụ."
    return f"{promote} đưa bản này vào dùng; tailor.yaml không cho tự động."


def _after_not_passed(facts: Facts) -> str:
    days = facts.run.recipe.kept.not_passed_days
    kept = f"{KEPT} {days:g} ngày (retention.not_passed_days)" if days else KEPT
    return f"Bản này không được đưa vào dùng và sẽ được gỡ. Các ứng dụng không bị ảnh hưởng; {kept}."


def _after_inconclusive(facts: Facts) -> str:
    if facts.previous == State.PASSED:
        promote = f"tailor promote {facts.run.id} --reason WHY"
        return f"{_after_not_passed(facts)} Hãy tải lên lại để đánh giá, hoặc tự quyết: {promote} đưa bản này vào dùng."
    needed = f"Khoảng {facts.decisive_rows}" if facts.decisive_rows else "Thêm dòng để dành"
    return f"{needed} sẽ đủ để kết luận. {_after_not_passed(facts)}"


def _promote_again(facts: Facts) -> str:
    promote = f"tailor promote {facts.run.id} --reason WHY"
    return f"Bản này không trả lời nữa. {STORAGE}; {promote} triển khai lại và đưa vào dùng."


PHRASES: Mapping[str, Phrases] = {
    State.PREPARED: Phrases("dữ liệu đã sẵn sàng", _prepared, _after_prepared),
    State.REJECTED: Phrases(
        "không dùng được dữ liệu",
        _rejected,
        _always("Hãy sửa những gì báo cáo liệt kê rồi tải lên lại: một lượt chạy mới sẽ bắt đầu."),
    ),
    State.AWAITING_APPROVAL: Phrases("chờ bạn duyệt huấn luyện", _awaiting, _after_awaiting),
    State.APPROVED: Phrases(
        "đã duyệt huấn luyện",
        lambda facts: joined(
            f"{facts.change.by} đã duyệt lượt chạy" if facts.is_by_person else "Được phép huấn luyện", reason(facts)
        ),
        _always("Huấn luyện bắt đầu ngay, hoặc khi Bedrock và hạn mức của tháng còn chỗ."),
    ),
    State.DECLINED: Phrases(
        "đã từ chối huấn luyện",
        _declined,
        lambda facts: f"Muốn hỏi lại: tailor retry {facts.run.id} giữ nguyên dữ liệu đã chuẩn bị và báo giá.",
    ),
    State.SUPERSEDED: Phrases(
        "dữ liệu mới thay thế một lượt chạy",
        _superseded,
        lambda facts: (
            "Bạn không cần làm gì: dữ liệu mới tự được kiểm tra, báo giá, và hỏi duyệt nếu cần. Nếu dữ liệu mới không "
            f"dùng được, tailor retry {facts.run.id} chạy tiếp với dữ liệu của lượt này."
        ),
    ),
    State.TRAINING: Phrases(
        "bắt đầu huấn luyện",
        _training,
        lambda facts: f"Việc này thường mất nhiều giờ; xong sẽ có tin. tailor stop {facts.run.id} dừng lại.",
    ),
    State.TRAINED: Phrases(
        "đã huấn luyện xong",
        _trained,
        _always("Mô hình đang được triển khai, rồi trả lời các câu hỏi để dành bên cạnh mô hình gốc."),
    ),
    State.TRAINING_FAILED: Phrases(
        "huấn luyện thất bại",
        lambda facts: joined("Không có mô hình nào được tạo ra", reason(facts)),
        lambda facts: (
            f"tailor show {facts.run.id} cho biết chi tiết. Hãy tải lên bộ dữ liệu hoặc tailor.yaml đã sửa để bắt đầu "
            f"lượt chạy mới; tailor retry {facts.run.id} huấn luyện lại như cũ."
        ),
    ),
    State.STOPPED: Phrases(
        "lượt chạy đã dừng",
        _stopped,
        lambda facts: (
            f"Không còn gì đang chạy. Muốn chạy lại: tailor retry {facts.run.id}, hoặc tải lên phần bạn đã sửa."
        ),
    ),
    State.DEPLOY_FAILED: Phrases(
        "không triển khai được mô hình",
        _deploy_failed,
        lambda facts: (
            "Mô hình đã huấn luyện vẫn được giữ. tailor doctor kiểm tra quyền và hạn mức; sau đó "
            f"tailor retry {facts.run.id} triển khai lại mà không huấn luyện lại."
        ),
    ),
    State.EVALUATING: Phrases(
        "đang đánh giá lại mô hình mới",
        lambda facts: joined("Mô hình mới chưa được đưa vào dùng", reason(facts)),
        _after_measured_again,
    ),
    State.PASSED: Phrases("mô hình mới tốt hơn", _verdict("Mô hình mới đạt đánh giá"), _after_passed),
    State.FAILED: Phrases("mô hình mới không tốt hơn", _verdict("Mô hình mới không đạt đánh giá"), _after_not_passed),
    State.INCONCLUSIVE: Phrases("chưa rõ mô hình mới có tốt hơn không", _inconclusive, _after_inconclusive),
    State.EVALUATION_FAILED: Phrases(
        "không đánh giá được mô hình mới",
        lambda facts: joined("Không có bằng chứng nên mô hình không được đưa vào dùng", reason(facts)),
        _always(f"Bản triển khai sẽ được gỡ. Các ứng dụng không bị ảnh hưởng; {KEPT}."),
    ),
    State.LIVE: Phrases("mô hình tùy chỉnh đã được đưa vào dùng", _live, _after_live),
    State.PAUSED: Phrases("bản đang dùng tạm dừng", _paused, _after_paused),
    State.RETIRED: Phrases("một bản đã được gỡ", _retired, _promote_again),
    "adoption-waits": Phrases(
        "một mô hình được tiếp nhận chờ duyệt",
        lambda facts: joined(reason(facts), "Chưa tốn gì cho đến khi có người duyệt"),
        _after_awaiting,
    ),
    "adopting": Phrases(
        "đang tiếp nhận một mô hình được tạo ở nơi khác",
        lambda facts: f"Không huấn luyện gì: mô hình {facts.origin}.",
        lambda facts: (
            "Khi Bedrock đã có mô hình, nó được triển khai và trả lời các câu hỏi để dành bên cạnh mô hình gốc. "
            f"tailor stop {facts.run.id} dừng lại."
        ),
    ),
    "not-adopted": Phrases(
        "không tiếp nhận được mô hình",
        lambda facts: joined("Mô hình chưa được triển khai và chưa được đánh giá", reason(facts)),
        lambda facts: f"Khi đã sửa nguyên nhân, tailor retry {facts.run.id} thử lại một lần nữa.",
    ),
    "again": Phrases(
        "chạy lại một lượt chạy",
        lambda facts: joined(f"{facts.change.by} cho chạy lại lượt {facts.run.id}", reason(facts)),
        _always("Trong ngân sách thì huấn luyện tự bắt đầu; vượt ngân sách thì bạn được hỏi trước."),
    ),
    "back": Phrases("bản đang dùng đã trở lại", _back, _after_live),
    "lost": Phrases(
        "bản đang dùng không trả lời",
        lambda facts: joined(reason(facts)),
        lambda facts: (
            "Bạn không cần làm gì: khi bản này trả lời lại sẽ có tin. Nếu còn bản trước, "
            f"tailor rollback {facts.run.project} quay lại bản đó ngay. Hãy tìm xem ai đã xóa bản triển khai: "
            "CloudTrail có lời gọi DeleteCustomModelDeployment."
        ),
    ),
    "offline": Phrases("dự án đã ngừng phục vụ", _offline, _after_offline),
    "deployed-again": Phrases(
        "đang triển khai lại",
        lambda facts: joined(
            f"{facts.change.by} cho triển khai lại mô hình đã huấn luyện" if facts.is_by_person else "",
            reason(facts),
            "Không huấn luyện lại và không tốn thêm tiền",
        ),
        _always("Triển khai xong, mô hình trả lời các câu hỏi để dành bên cạnh mô hình gốc."),
    ),
}

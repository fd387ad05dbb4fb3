"""A run's figures in Vietnamese: numbers with a comma for decimals, amounts in USD, times of Vietnam."""

import re
from decimal import Decimal

from tailor.notices.facts import Facts
from tailor.notices.words import at_local_time
from tailor.training.spent import spent
from tailor.vietnamese import in_vietnamese

ARMS = {
    "base": "mô hình gốc",
    "base-few-shot": "mô hình gốc kèm ví dụ mẫu",
    "live": "bản đang dùng",
    "teacher": "mô hình thầy",
}
_ITEMS = {
    "Training": "huấn luyện",
    "Storage": "lưu trữ",
    "Evaluation": "đánh giá",
    "Hosting": "phục vụ",
    "Headroom": "đo trước mô hình gốc",
    "Judge": "mô hình chấm",
    "Teacher": "mô hình thầy",
}
_UNITS = re.compile(r"(\d+) model units?(?:, for at most ([\d.]+) hours?)?")
_ADVICE = {
    "few-rows": "ít dòng để huấn luyện; nên thêm ví dụ, kết quả đánh giá sẽ cho biết có đủ không",
    "few-held-out-rows": "quá ít dòng để dành nên không kết luận được; nên thêm ví dụ hoặc tăng split.test",
    "few-images": "nhiều câu hỏi chỉ xoay quanh ít ảnh; nên thêm ảnh thay vì thêm câu hỏi",
    "metric-fooled": "độ đo có thể coi câu sai là đúng; nên chọn evaluation.metric khác hoặc sửa đáp án",
    "no-headroom": "mô hình gốc đã làm tốt sẵn; huấn luyện khó đáng với chi phí",
    "no-reward": "mô hình gốc hầu như không được thưởng; nên huấn luyện bằng ví dụ mẫu trước",
    "headroom-unknown": "chưa đo được mô hình gốc làm tốt đến đâu",
}


class VietnameseFacts(Facts):
    """Figures of a run at one of its changes."""

    @property
    def origin(self) -> str:
        adopted = self.run.adopted
        if adopted is None:
            return ""
        what = "được đưa vào Bedrock từ" if adopted.imported else "mô hình tùy chỉnh"
        return f"được tạo ở nơi khác, {what} {adopted.source}"

    @property
    def rows(self) -> str:
        train, test = self._rows("train"), self._rows("test")
        parts = [f"{whole(train)} dòng để học"] if train else []
        return ", ".join([*parts, *([f"{whole(test)} dòng để dành"] if test else [])])

    @property
    def unusable(self) -> str:
        unusable, rows = self._rows("rejected"), self._rows("rows")
        return f"{whole(unusable)} trên {whole(rows)}" if unusable else ""

    @property
    def quote(self) -> str:
        if self.run.quote is None:
            return ""
        total = self.run.quote.total()
        return "chưa biết" if total is None else usd_range(total.low, total.high)

    @property
    def hosting(self) -> str:
        for line in self.run.quote.lines if self.run.quote else ():
            if line.item == "hosting" and line.every == "hour":
                units = _UNITS.search(line.title)
                title = f"{units[1]} đơn vị mô hình" if units else "Bedrock"
                title += f", tối đa {units[2]} giờ" if units and units[2] else ""
                if line.whole is None or line.high is None:
                    return f"{title}: chưa biết giá mỗi giờ"
                return f"{title}: {usd(line.high)} mỗi giờ, tổng cộng {usd(line.whole.high)}"
        return ""

    @property
    def spent(self) -> str:
        if self.run.quote is None:
            return ""
        until = self.run.model_copy(update={"history": self.run.history[: self.change.sequence]})
        so_far = spent(until, self.change.at)
        if so_far.most is not None:
            return usd_range(so_far.least, so_far.most)
        unknown = ", ".join(_ITEMS.get(item.partition(" ")[0], item) for item in so_far.unknown)
        return f"ít nhất {usd(so_far.least)}; chưa biết giá: {unknown}"

    @property
    def advice(self) -> list[str]:
        given = self.run.quote.advice if self.run.quote else ()
        return [_ADVICE.get(item.code, f"{item.message}; {item.fix}") for item in given]

    @property
    def deadline(self) -> str:
        return at_local_time(self.run.answer_by)

    @property
    def losses(self) -> str:
        job = self.run.job
        kinds = {"huấn luyện": job.training_loss, "kiểm định": job.validation_loss} if job else {}
        return ", ".join(f"{kind} {decimal(loss, 3)}" for kind, loss in kinds.items() if loss is not None)

    @property
    def scores(self) -> str:
        found = self.run.evaluation
        if found.candidate is None or found.baseline is None:
            return ""
        metric = in_vietnamese((found.metric or "điểm").replace("_", " ").replace("-", " "))
        rival = ARMS.get(found.baseline_arm or "", "mô hình gốc")
        return f"{metric} {percent(found.candidate)} so với {percent(found.baseline)} của {rival}"

    @property
    def difference(self) -> str:
        difference, interval = self.run.evaluation.difference, self.run.evaluation.interval
        if difference is None:
            return ""
        if interval is None:
            return f"{points(difference)} điểm"
        confidence = percent(self.run.recipe.evaluation.confidence, 0)
        return f"{points(difference)} điểm (khoảng tin cậy {confidence}: {' đến '.join(map(points, interval))})"

    @property
    def asked(self) -> str:
        rows = self.run.evaluation.rows
        return "" if rows is None else f"{whole(rows)} dòng để dành"

    @property
    def decisive_rows(self) -> str:
        needed = self.run.evaluation.decisive_rows
        return "" if needed is None else f"{whole(needed)} dòng để dành"


def whole(number: float) -> str:
    """Return ``1.240``."""
    return f"{number:,.0f}".replace(",", ".")


def decimal(number: float | Decimal, digits: int) -> str:
    """Return ``1.234,50``."""
    return f"{number:,.{digits}f}".translate(str.maketrans(",.", ".,"))


def usd(amount: Decimal) -> str:
    """Return ``3,20 USD``."""
    return f"{decimal(amount, 2)} USD"


def usd_range(low: Decimal, high: Decimal) -> str:
    """Return ``3,20 đến 4,80 USD``, or one amount."""
    least, most = decimal(low, 2), decimal(high, 2)
    return f"{most} USD" if least == most else f"{least} đến {most} USD"


def percent(share: float, digits: int = 1) -> str:
    """Return ``78,3%``."""
    return f"{decimal(100 * share, digits)}%"


def points(share: float) -> str:
    """Return ``+65,8``."""
    return f"{100 * share:+.1f}".replace(".", ",")

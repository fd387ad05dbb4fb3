"""Texts of stalls in Vietnamese: what makes no progress, and what to do."""

from tailor.runs import Run


def stall_title(phase: str, *, stuck: bool) -> str:
    known = {
        "room": "không còn chỗ để triển khai",
        "model": "mô hình tùy chỉnh chưa sẵn sàng",
        "budget": "đã hết ngân sách của tháng",
        "idle": "không ai gọi bản đang dùng",
    }
    what = "bản triển khai" if phase == "deploying" else "job huấn luyện"
    return known.get(phase) or f"{what} {'bị treo' if stuck else 'không tiến triển'}"


def after_stall(run: Run, phase: str) -> str:
    """Return the next step: what happens automatically, or what a person can do."""
    itself = "tự bị dừng" if phase != "deploying" else "tự được gỡ, nếu Bedrock cho phép"
    ends_it = f"tailor {'retire' if phase == 'deploying' else 'stop'} {run.id}"
    if phase == "room":
        return "Lượt chạy đang chờ. Hãy gỡ một bản không ai cần (tailor retire RUN), hoặc xin AWS thêm hạn mức."
    if phase == "idle":
        return "Chỉ cần một lời gọi là được giữ lại. Nếu đã bị xóa, lời gọi tiếp theo tạo lại sau vài phút."
    if phase == "model":
        waits = "Lượt chạy vẫn chờ, theo tailor.yaml."
        if run.recipe.patience.stop:
            waits = f"Nếu cứ như vậy, lượt chạy kết thúc; tailor retry {run.id} chạy tiếp mà không tốn tiền."
        return f"{waits} Hãy xem mô hình trên console của Bedrock. tailor retire {run.id} kết thúc lượt chạy ngay."
    if phase == "budget":
        return (
            "Lượt chạy giữ nguyên chỗ và huấn luyện vào tháng sau, hoặc khi người vận hành tăng hạn mức (tham số "
            f"ProjectMonthlyLimit và StackMonthlyLimit). tailor stop {run.id} kết thúc lượt chạy."
        )
    if phase == "stopping" or (run.stall and run.stall.level == "stuck" and run.recipe.patience.stop):
        return "Chỉ AWS mới dừng được: hãy mở yêu cầu hỗ trợ kèm ARN. Lượt chạy kết thúc cùng với nó."
    if run.recipe.patience.stop:
        return f"Nếu cứ như vậy, nó {itself}. {ends_it} kết thúc ngay."
    return f"tailor.yaml không cho tự dừng. {ends_it} kết thúc."

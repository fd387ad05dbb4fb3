// All words of the page. tests hold that both languages have each of them.
export const TEXTS = {
  en: {
    language: "Tiếng Việt", skip: "Skip to the content", signOut: "Sign out", runs: "Runs", serving: "Serving", upload: "New dataset", usage: "Usage", keys: "Keys", compare: "Compare runs", playground: "Try it",
    signIn: "Sign in", signInLead: "Paste a key of this installation. It stays in this tab.", key: "Key", open: "Open",
    howKey: "An operator makes one: tailor console PROJECT, or tailor keys create NAME --project PROJECT --scope read.",
    loading: "Loading…", allProjects: "All projects", project: "Project", more: "Show more", noRuns: "There are no runs yet. Upload a folder to uploads/PROJECT/DATASET/ in the bucket, or use tailor push.",
    onlyOpen: "Only open runs", back: "All runs", changed: "changed", started: "started", justNow: "just now",
    stages: ["Check", "Approve", "Train", "Deploy", "Measure", "Live"],
    timeline: "Timeline", data: "Data", cost: "Cost", training: "Training", evaluation: "Evaluation", findings: "Findings", reports: "Reports",
    dataReport: "Data report", evaluationReport: "Evaluation report", labels: "Label answers", linkHint: "Links work for ten minutes, without a key.",
    waits: "It waits", adopted: "adopted model, next to its base", origin: "The model", newer: "Newer data:", rows: "rows", train: "training", validation: "validation", test: "test", rejected: "rejected",
    once: "once", month: "a month", day: "a day", item: "Item", amount: "Amount", unknown: "not known", upTo: "to",
    step: "step", loss: "loss", noCurve: "There are no losses yet.", candidate: "custom model", baseline: "base model", difference: "difference",
    arms: { base: "base model", "base-few-shot": "base model with examples", live: "live version", teacher: "teacher" }, verdicts: { passed: "The custom model is better.", failed: "The custom model is not better.", inconclusive: "Not decided." },
    points: "points", on: "on", heldOut: "held-out rows", decideBy: "Decide by", severity: { error: "error", warning: "warning", info: "note" },
    place: "Where", lines: "lines", fix: "What to do", noFindings: "Nothing to say about the data.",
    actions: { approve: "Approve", decline: "Decline", retry: "Try again", stop: "Stop", retire: "Retire", promote: "Promote", rollback: "Roll back", offline: "Take offline" },
    consequence: {
      approve: "The run may spend what it was quoted, and trains.", decline: "The run ends and spends nothing.", retry: "The run goes on from what is done already.",
      stop: "The run ends. What Bedrock has trained so far is billed.", retire: "The version's deployment is removed. Its model is kept.",
      promote: "Apps get this version from now on.", rollback: "Apps get this earlier version from now on.", offline: "The project's name answers nobody until a version is promoted.",
    },
    reason: "Reason", reasonNeeded: "Please give a reason: the history keeps it.", cancel: "Cancel", done: "Done.",
    live: "Live", previous: "Kept for rollback", nothingLive: "Nothing is live.", offlineBecause: "Taken offline:", noProjects: "This key has no project.",
    model: "Project", question: "Question", image: "Picture (optional)", ask: "Ask", asking: "The model answers…", askBase: "Ask the base model too, to compare", firstWord: "First word after", whole: "all after",
    noBase: "The base model can't be asked: nothing is live, or the live version must be promoted once more.", noChat: "This key may not call models: it lacks the scope chat.",
    noRead: "This key may not see runs: it lacks the scope read.", seconds: "s", minutes: "min", hours: "h", days: "d",
    errors: { no_connection: "No connection. Trying again…", invalid_api_key: "This key is wrong, expired or revoked.", access_denied: "This key may not do that.", run_not_found: "There is no such run." },
    states: {
      received: "received", preparing: "checking data", prepared: "data ready", rejected: "data rejected", "awaiting-approval": "awaits approval", approved: "approved", declined: "declined",
      training: "training", trained: "trained", "training-failed": "training failed", stopped: "stopped", superseded: "superseded", deploying: "deploying", deployed: "deployed",
      "deploy-failed": "deployment failed", evaluating: "measuring", passed: "passed", failed: "not better", inconclusive: "undecided", "evaluation-failed": "measuring failed",
      live: "live", standby: "on standby", paused: "paused", retired: "retired", restoring: "coming back",
    },
  },
  vi: {
    language: "English", skip: "Đến nội dung", signOut: "Đăng xuất", runs: "Lượt chạy", serving: "Phục vụ", upload: "Bộ dữ liệu mới", usage: "Mức dùng", keys: "Khóa", compare: "So sánh lượt chạy", playground: "Dùng thử",
    signIn: "Đăng nhập", signInLead: "Dán khóa của hệ thống này. Khóa chỉ được giữ trong thẻ trình duyệt này.", key: "Khóa", open: "Mở",
    howKey: "Người vận hành tạo khóa: tailor console PROJECT, hoặc tailor keys create NAME --project PROJECT --scope read.",
    loading: "Đang tải…", allProjects: "Mọi dự án", project: "Dự án", more: "Xem thêm", noRuns: "Chưa có lượt chạy nào. Hãy tải một thư mục lên uploads/PROJECT/DATASET/ trong bucket, hoặc dùng tailor push.",
    onlyOpen: "Chỉ lượt đang mở", back: "Mọi lượt chạy", changed: "thay đổi", started: "bắt đầu", justNow: "vừa xong",
    stages: ["Kiểm tra", "Duyệt", "Huấn luyện", "Triển khai", "Đánh giá", "Đang dùng"],
    timeline: "Diễn biến", data: "Dữ liệu", cost: "Chi phí", training: "Huấn luyện", evaluation: "Đánh giá", findings: "Nhận xét về dữ liệu", reports: "Báo cáo",
    dataReport: "Báo cáo dữ liệu", evaluationReport: "Báo cáo đánh giá", labels: "Gán nhãn câu trả lời", linkHint: "Liên kết dùng được trong mười phút, không cần khóa.",
    waits: "Đang chờ", adopted: "mô hình được tiếp nhận, bên cạnh mô hình gốc", origin: "Mô hình", newer: "Dữ liệu mới hơn:", rows: "dòng", train: "huấn luyện", validation: "kiểm định", test: "để dành", rejected: "bị loại",
    once: "một lần", month: "mỗi tháng", day: "mỗi ngày", item: "Khoản", amount: "Số tiền", unknown: "chưa biết", upTo: "đến",
    step: "bước", loss: "loss", noCurve: "Chưa có số liệu loss.", candidate: "mô hình tùy chỉnh", baseline: "mô hình gốc", difference: "chênh lệch",
    arms: { base: "mô hình gốc", "base-few-shot": "mô hình gốc kèm ví dụ mẫu", live: "bản đang dùng", teacher: "mô hình thầy" }, verdicts: { passed: "Mô hình tùy chỉnh tốt hơn.", failed: "Mô hình tùy chỉnh không tốt hơn.", inconclusive: "Chưa kết luận được." },
    points: "điểm", on: "trên", heldOut: "dòng để dành", decideBy: "Quyết định trước", severity: { error: "lỗi", warning: "cảnh báo", info: "ghi chú" },
    place: "Ở đâu", lines: "dòng", fix: "Cách xử lý", noFindings: "Dữ liệu không có gì cần lưu ý.",
    actions: { approve: "Duyệt", decline: "Từ chối", retry: "Chạy lại", stop: "Dừng", retire: "Gỡ", promote: "Đưa vào dùng", rollback: "Quay lại bản này", offline: "Ngừng phục vụ" },
    consequence: {
      approve: "Lượt chạy được chi theo báo giá và bắt đầu huấn luyện.", decline: "Lượt chạy kết thúc và không tốn gì.", retry: "Lượt chạy tiếp tục từ những gì đã xong.",
      stop: "Lượt chạy kết thúc. Phần Bedrock đã huấn luyện vẫn bị tính tiền.", retire: "Bản triển khai bị gỡ. Mô hình vẫn được giữ.",
      promote: "Từ giờ các ứng dụng dùng bản này.", rollback: "Từ giờ các ứng dụng dùng bản trước này.", offline: "Tên dự án không trả lời ai cho đến khi có bản khác được đưa vào dùng.",
    },
    reason: "Lý do", reasonNeeded: "Hãy ghi lý do: lịch sử sẽ lưu lại.", cancel: "Hủy", done: "Đã xong.",
    live: "Đang dùng", previous: "Giữ lại để quay về", nothingLive: "Chưa có bản nào được dùng.", offlineBecause: "Đã ngừng phục vụ:", noProjects: "Khóa này không có dự án nào.",
    model: "Dự án", question: "Câu hỏi", image: "Ảnh (không bắt buộc)", ask: "Hỏi", asking: "Mô hình đang trả lời…", askBase: "Hỏi cả mô hình gốc để so sánh", firstWord: "Chữ đầu tiên sau", whole: "toàn bộ sau",
    noBase: "Không hỏi được mô hình gốc: chưa có bản nào được dùng, hoặc cần đưa bản đang dùng vào dùng lại một lần.", noChat: "Khóa này không được gọi mô hình: thiếu quyền chat.",
    noRead: "Khóa này không được xem lượt chạy: thiếu quyền read.", seconds: "giây", minutes: "phút", hours: "giờ", days: "ngày",
    errors: { no_connection: "Mất kết nối. Đang thử lại…", invalid_api_key: "Khóa sai, hết hạn hoặc đã bị thu hồi.", access_denied: "Khóa này không được làm việc đó.", run_not_found: "Không có lượt chạy này." },
    states: {
      received: "đã nhận", preparing: "đang kiểm tra dữ liệu", prepared: "dữ liệu đã sẵn sàng", rejected: "dữ liệu bị từ chối", "awaiting-approval": "chờ duyệt", approved: "đã duyệt", declined: "đã từ chối",
      training: "đang huấn luyện", trained: "đã huấn luyện", "training-failed": "huấn luyện thất bại", stopped: "đã dừng", superseded: "đã bị thay thế", deploying: "đang triển khai", deployed: "đã triển khai",
      "deploy-failed": "triển khai thất bại", evaluating: "đang đánh giá", passed: "đạt", failed: "không tốt hơn", inconclusive: "chưa rõ", "evaluation-failed": "đánh giá thất bại",
      live: "đang dùng", standby: "dự phòng", paused: "tạm dừng", retired: "đã ngừng", restoring: "đang khôi phục",
    },
  },
};

const CHOSEN = "tailor-language";

export const language = {
  get code() {
    return localStorage.getItem(CHOSEN) ?? (navigator.language.startsWith("vi") ? "vi" : "en");
  },
  set code(value) {
    localStorage.setItem(CHOSEN, value);
  },
};

export const words = () => TEXTS[language.code] ?? TEXTS.en;

// The words of "New dataset", in both languages.
import { language } from "./texts.js";

const TEXTS = {
  en: {
    title: "New dataset", lead: "Upload a folder, a zip, a spreadsheet, a CSV or a JSONL file. Nothing is spent before you start the run.", noUpload: "This key may not upload: it lacks the scope upload.",
    dataset: "Name of the dataset", datasetHint: "Lower-case letters, digits and hyphens. A name that exists already adds to that dataset.",
    drop: "Drop a folder or files here", or: "or", chooseFolder: "Choose a folder", chooseFiles: "Choose files", chosen: "Chosen", files: "files", upload: "Upload", change: "Choose others",
    unfinished: "An upload into this dataset is not finished", begun: "begun", arrived: "arrived so far", again: "Choose the same files again. Only what is missing is sent: the page can't keep them when it is closed.",
    conflict: "An unfinished upload of other files is in the way.", replace: "Replace it", ignoredFiles: "Left out, because systems leave such files behind:",
    progress: "Progress of the upload", left: "left", pause: "Pause", resume: "Go on", retry: "Try again", pausing: "Paused. What was on its way is finished.", sending: "Uploading. You may look at other views; don't close the page.",
    broken: "The upload stopped. What has arrived is kept.", unreadable: "A file was changed or removed on your disk. Choose the files again: only what is missing is sent.", refused: "Storage refused a piece. Try again; if that does not help, choose the files again.",
    allThere: "Everything has arrived.", perFile: "Files", waiting: "waits", there: "there", more: "more",
    start: "Start the run", starting: "Starting…", started: "The run starts. It is listed in a moment.", toRuns: "See the runs", askFirst: "Ask me before anything is paid for",
    looking: "Looking at the first rows…", preview: "Preview", previewOf: "The first rows, checked as the run will check them all", allChecked: "All rows were checked", noPreview: "No preview could be made. You can start all the same: the run checks everything first.",
    column: "Column", meaning: "What it is", notUsed: "not used", recognised: "Tailor recognised what your columns hold. Change it where it is wrong.", lookAgain: "Look again",
    roles: { question: "question", answer: "answer", context: "passage", image: "picture", video: "video", system: "system prompt", group: "group", category: "category", split: "split", id: "id" },
    line: "Line", remarks: "Remarks", fine: "fine", ofDataset: "About the dataset", recipe: "Recipe", recipeHint: "The run follows these settings; they are written as tailor.yaml. Empty: all defaults.", cantUse: "Can't be used like this.", mayStart: "Can be used.",
    priceLater: "The price is on the run's page as soon as all rows are checked.", method: "Method", model: "Base model", unreadRecipe: "The recipe has problems; the rows were read with its good settings.",
  },
  vi: {
    title: "Bộ dữ liệu mới", lead: "Tải lên một thư mục, tệp zip, bảng tính, tệp CSV hoặc JSONL. Chưa tốn gì cho đến khi bạn bắt đầu lượt chạy.", noUpload: "Khóa này không được tải lên: thiếu quyền upload.",
    dataset: "Tên bộ dữ liệu", datasetHint: "Chữ thường không dấu, chữ số và dấu gạch nối. Nếu tên đã có, tệp được thêm vào bộ dữ liệu đó.",
    drop: "Thả thư mục hoặc tệp vào đây", or: "hoặc", chooseFolder: "Chọn thư mục", chooseFiles: "Chọn tệp", chosen: "Đã chọn", files: "tệp", upload: "Tải lên", change: "Chọn lại",
    unfinished: "Lần tải lên trước vào bộ dữ liệu này chưa xong", begun: "bắt đầu", arrived: "đã đến nơi", again: "Hãy chọn lại đúng các tệp đó. Chỉ phần còn thiếu được gửi: trang không giữ được tệp sau khi đóng.",
    conflict: "Một lần tải lên khác với tệp khác chưa xong.", replace: "Thay thế", ignoredFiles: "Được bỏ qua vì là tệp do hệ thống để lại:",
    progress: "Tiến độ tải lên", left: "còn lại", pause: "Tạm dừng", resume: "Tiếp tục", retry: "Thử lại", pausing: "Đã tạm dừng. Phần đang gửi được gửi nốt.", sending: "Đang tải lên. Bạn có thể xem mục khác; đừng đóng trang.",
    broken: "Việc tải lên đã dừng. Phần đã đến nơi được giữ lại.", unreadable: "Một tệp trên máy của bạn đã bị sửa hoặc xóa. Hãy chọn lại các tệp: chỉ phần còn thiếu được gửi.", refused: "Kho lưu trữ từ chối một phần. Hãy thử lại; nếu không được, hãy chọn lại các tệp.",
    allThere: "Mọi tệp đã đến nơi.", perFile: "Các tệp", waiting: "đang chờ", there: "đã đến", more: "tệp nữa",
    start: "Bắt đầu lượt chạy", starting: "Đang bắt đầu…", started: "Lượt chạy bắt đầu và sẽ có trong danh sách ngay.", toRuns: "Xem các lượt chạy", askFirst: "Hỏi tôi trước khi phải trả tiền",
    looking: "Đang xem các dòng đầu…", preview: "Xem trước", previewOf: "Các dòng đầu, được kiểm tra đúng như lượt chạy sẽ làm", allChecked: "Mọi dòng đã được kiểm tra", noPreview: "Không xem trước được. Bạn vẫn có thể bắt đầu: lượt chạy kiểm tra mọi thứ trước.",
    column: "Cột", meaning: "Ý nghĩa", notUsed: "không dùng", recognised: "Tailor đã nhận ra nội dung các cột. Hãy sửa chỗ chưa đúng.", lookAgain: "Xem lại",
    roles: { question: "câu hỏi", answer: "câu trả lời", context: "đoạn văn", image: "ảnh", video: "video", system: "lời nhắc hệ thống", group: "nhóm", category: "loại", split: "phần chia", id: "mã" },
    line: "Dòng", remarks: "Nhận xét", fine: "tốt", ofDataset: "Về cả bộ dữ liệu", recipe: "Cấu hình", recipeHint: "Lượt chạy theo các thiết lập này; chúng được ghi thành tailor.yaml. Để trống: mặc định.", cantUse: "Chưa dùng được.", mayStart: "Dùng được.",
    priceLater: "Giá có trên trang của lượt chạy ngay khi mọi dòng được kiểm tra.", method: "Phương pháp", model: "Mô hình gốc", unreadRecipe: "Cấu hình có lỗi; các dòng được đọc theo những thiết lập đúng.",
  },
};

export const uploadWords = () => TEXTS[language.code] ?? TEXTS.en;

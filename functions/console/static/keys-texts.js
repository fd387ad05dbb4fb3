// The words of "Keys", in both languages.
import { language } from "./texts.js";

const TEXTS = {
  en: {
    title: "Keys", lead: "One key for each app and person, so that each can be replaced or ended alone. A key can be given what yours has, and no more.", make: "New key", name: "Who uses it",
    nameHint: "For example the app's name. Histories and usage show it.", projects: "Projects", scopes: "May", days: "Works for", limits: "Limits (optional)", budget: "US dollars a month", perMinute: "Requests a minute",
    perDay: "Tokens a day", create: "Create the key", lasts: (days) => (days === 365 ? "a year" : `${days} days`), one: "Choose at least one project and one thing that it may do.",
    scope: { chat: "call models", read: "see runs and reports", approve: "decide about costs", operate: "stop, promote, roll back, take offline", upload: "upload datasets", keys: "manage keys" },
    secret: "Copy this key now", onlyNow: "It is shown only here and only now; nobody can look it up later. Keep it like a password.", copy: "Copy", copied: "Copied.", done: "I have it",
    replaces: "The old key works until", none: "There are no keys here.", ended: "Show ended keys too", more: "Show older ones", until: "until", used: "Last call", never: "none in 30 days", by: "made by", yours: "yours",
    shared: "Also for other projects: its operator changes it.", perMonth: "a month", minute: "requests/min", tokens: "tokens/day", states: { usable: "works", expired: "expired", revoked: "revoked" },
    rotate: "Rotate", revoke: "Revoke", rotateLead: "A new key with the same rights takes its place. The old one works on for a while, so that you can put the new one in everywhere.",
    grace: "The old key works for another", hours: (hours) => (hours === 0 ? "no time: it ends now" : hours === 1 ? "hour" : hours < 48 ? `${hours} hours` : `${hours / 24} days`),
    revokeLead: "Whoever uses it is refused, within a minute. This can't be undone.", revokeOwn: "This is the key you are signed in with: you will be signed out.", noKeys: "This key may not manage keys: it lacks the scope keys. An operator opens this page with tailor console PROJECT --manage-keys.",
  },
  vi: {
    title: "Khóa", lead: "Mỗi ứng dụng, mỗi người một khóa, để có thể thay hoặc thu hồi riêng từng khóa. Khóa mới chỉ có thể có những quyền mà khóa của bạn có.", make: "Tạo khóa", name: "Ai dùng khóa này",
    nameHint: "Ví dụ tên ứng dụng. Tên này hiện trong lịch sử và mức dùng.", projects: "Dự án", scopes: "Được phép", days: "Có hiệu lực trong", limits: "Giới hạn (không bắt buộc)", budget: "Đô la Mỹ mỗi tháng", perMinute: "Lời gọi mỗi phút",
    perDay: "Token mỗi ngày", create: "Tạo khóa", lasts: (days) => (days === 365 ? "một năm" : `${days} ngày`), one: "Hãy chọn ít nhất một dự án và một quyền.",
    scope: { chat: "gọi mô hình", read: "xem lượt chạy và báo cáo", approve: "quyết định chi phí", operate: "dừng, đưa vào dùng, quay lại, ngừng phục vụ", upload: "tải dữ liệu lên", keys: "quản lý khóa" },
    secret: "Hãy sao chép khóa ngay", onlyNow: "Khóa chỉ hiện ở đây và chỉ một lần này; về sau không ai xem lại được. Hãy giữ như mật khẩu.", copy: "Sao chép", copied: "Đã sao chép.", done: "Tôi đã lưu",
    replaces: "Khóa cũ dùng được đến", none: "Ở đây chưa có khóa nào.", ended: "Hiện cả khóa đã hết hạn hoặc bị thu hồi", more: "Xem khóa cũ hơn", until: "đến", used: "Lời gọi gần nhất", never: "không có trong 30 ngày", by: "người tạo:", yours: "của bạn",
    shared: "Khóa này còn dùng cho dự án khác: người vận hành sẽ thay đổi.", perMonth: "mỗi tháng", minute: "lời gọi/phút", tokens: "token/ngày", states: { usable: "dùng được", expired: "hết hạn", revoked: "đã thu hồi" },
    rotate: "Thay khóa", revoke: "Thu hồi", rotateLead: "Một khóa mới với đúng các quyền này sẽ thay thế. Khóa cũ còn dùng được một thời gian để bạn kịp thay ở mọi nơi.",
    grace: "Khóa cũ còn dùng được", hours: (hours) => (hours === 0 ? "không: hết hiệu lực ngay" : hours < 48 ? `${hours} giờ` : `${hours / 24} ngày`),
    revokeLead: "Ai đang dùng khóa này sẽ bị từ chối trong vòng một phút. Không thể hoàn tác.", revokeOwn: "Đây là khóa bạn đang đăng nhập: bạn sẽ bị đăng xuất.", noKeys: "Khóa này không được quản lý khóa: thiếu quyền keys. Người vận hành mở trang này bằng tailor console PROJECT --manage-keys.",
  },
};

export const keyWords = () => TEXTS[language.code] ?? TEXTS.en;

// The words of "Usage", in both languages.
import { language } from "./texts.js";

const TEXTS = {
  en: {
    title: "Usage", days: "days", none: "Nobody has called the model in this time.", requests: "requests", errors: "errors", throttled: "refused (429)", tokensIn: "tokens in",
    tokensOut: "tokens out", images: "images", slow: "95 of 100 answers within", cost: "cost", unknown: "price unknown", byDay: "Cost by day", callsByDay: "Requests by day", keys: "By key",
    versions: "By version", key: "Key", version: "Version", budget: "Budget of the month", of: "of", lead: "Costs are tokens times today's prices.", day: "Day", back: "Serving",
  },
  vi: {
    title: "Mức dùng", days: "ngày", none: "Chưa ai gọi mô hình trong thời gian này.", requests: "lời gọi", errors: "lỗi", throttled: "bị từ chối (429)", tokensIn: "token vào",
    tokensOut: "token ra", images: "ảnh", slow: "95 trên 100 câu trả lời trong vòng", cost: "chi phí", unknown: "chưa biết giá", byDay: "Chi phí theo ngày", callsByDay: "Lời gọi theo ngày", keys: "Theo khóa",
    versions: "Theo phiên bản", key: "Khóa", version: "Phiên bản", budget: "Ngân sách tháng", of: "trên", lead: "Chi phí là số token nhân với giá hôm nay.", day: "Ngày", back: "Phục vụ",
  },
};

export const usageWords = () => TEXTS[language.code] ?? TEXTS.en;

// The words of "Compare runs", in both languages.
import { language } from "./texts.js";

const TEXTS = {
  en: {
    title: "Compare runs", with: "Compare with", choose: "Choose a run…", none: "This project has no other run.", first: "A", second: "B", figures: "Figures", state: "State", data: "Dataset", trainRows: "Training rows", model: "Model", custom: "Custom model",
    base: "Compared with", gain: "Better by", metric: "Metric", cost: "Cost, as quoted", loss: "Last training loss", validation: "Last validation loss", started: "Started", recipe: "Settings that differ", sameRecipe: "Both have the same settings.", setting: "Setting",
    unset: "not set", losses: "Losses", noLosses: "There are no losses of this run.", questions: "Questions", shared: (count) => `${count} questions were asked of both.`, better: "better", difference: "B minus A",
    about: "about 95 %, over pictures, documents or conversations", decides: "This decides nothing: each run's own verdict does.", equal: "Both score the same on each of them.", expected: "Expected", only: (count) => `The ${count} clearest are shown.`,
    missing: {
      not_measured: "Questions can be compared once both runs are measured.", other_metric: "The runs were measured by different metrics.", other_questions: "The runs have no question in common: their held-out rows are different.",
      not_kept: "A run was measured by an earlier version, which kept no scores by question.",
    },
  },
  vi: {
    title: "So sánh lượt chạy", with: "So sánh với", choose: "Chọn lượt chạy…", none: "Dự án này không có lượt chạy nào khác.", first: "A", second: "B", figures: "Số liệu", state: "Trạng thái", data: "Bộ dữ liệu", trainRows: "Dòng huấn luyện", model: "Mô hình", custom: "Mô hình tùy chỉnh",
    base: "So với", gain: "Hơn", metric: "Độ đo", cost: "Chi phí theo báo giá", loss: "Loss huấn luyện cuối", validation: "Loss kiểm định cuối", started: "Bắt đầu", recipe: "Thiết lập khác nhau", sameRecipe: "Hai lượt chạy có thiết lập như nhau.", setting: "Thiết lập",
    unset: "không đặt", losses: "Loss", noLosses: "Lượt chạy này chưa có số liệu loss.", questions: "Câu hỏi", shared: (count) => `Cả hai đều được hỏi ${count} câu.`, better: "tốt hơn", difference: "B trừ A",
    about: "khoảng 95%, tính theo ảnh, tài liệu hoặc hội thoại", decides: "Phần này không quyết định gì: mỗi lượt chạy có kết luận riêng.", equal: "Câu nào cả hai cũng được điểm như nhau.", expected: "Đáp án", only: (count) => `Chỉ hiện ${count} câu rõ nhất.`,
    missing: {
      not_measured: "Chỉ so sánh được câu hỏi khi cả hai lượt chạy đã được đánh giá.", other_metric: "Hai lượt chạy được đánh giá bằng độ đo khác nhau.", other_questions: "Hai lượt chạy không có câu hỏi chung: dòng để dành khác nhau.",
      not_kept: "Một lượt chạy được đánh giá bởi phiên bản cũ, vốn không lưu điểm từng câu.",
    },
  },
};

export const compareWords = () => TEXTS[language.code] ?? TEXTS.en;

// What the scripts for Node share: where the API is, what is asked, and how an outcome is said.
export const { BASE_URL, FLAKY_URL, API_KEY, MODEL } = process.env;
export const QUESTION = "Màu gì?";
export const TOOL_QUESTION = "Gọi count_shapes: có mấy hình?";
export const IMAGE_URL =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

export function check(condition, what) {
  if (!condition) throw new Error(`not so: ${what}`);
}

export async function fails(act) {
  try {
    await act();
  } catch (error) {
    return error;
  }
  throw new Error("no error");
}

export async function report(scenarios) {
  for (const [name, scenario] of Object.entries(scenarios)) {
    let said = "-";
    if (scenario) {
      try {
        await scenario();
        said = "ok";
      } catch (error) {
        said = String(error?.stack ?? error).slice(0, 600);
      }
    }
    console.log("RESULT " + JSON.stringify([name, said]));
  }
}

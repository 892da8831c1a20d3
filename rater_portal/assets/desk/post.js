// One message to the server, and what came back; nothing is sent twice from here.

const PATIENCE_MS = 10_000;

/** Post a message; the status is 0 when no whole answer came in time. */
export async function post(path, message, { keepalive = false } = {}) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(message, whole),
      redirect: "error",
      keepalive,
      signal: keepalive ? undefined : AbortSignal.timeout(PATIENCE_MS),
    });
    const isJson = response.headers.get("content-type")?.startsWith("application/json");
    // A hotel's network answers everything with a page of its own.
    if (response.ok && !isJson) return { status: 0, answer: {} };
    return { status: response.status, answer: isJson ? await response.json() : {} };
  } catch (error) {
    const isLost = [TypeError, DOMException, SyntaxError].some((kind) => error instanceof kind);
    if (!isLost) throw error;
    return { status: 0, answer: {} };
  }
}

/** Half of a character, left over by a cut, cannot be sent. */
function whole(key, value) {
  return typeof value === "string" && value.toWellFormed ? value.toWellFormed() : value;
}

// The recorder's glue: what the visitor did goes to `recordEvent`, what failed to `recordMarker`.
//
// Both are functions of the page's window that whoever records has put there before this script runs; without them
// the shop runs unrecorded. A visit spans several page loads, so its start and its count of markers are kept in
// sessionStorage. Marker shapes are those of the wire contract: id, clusterKey, label, evidence, replayOffsetMs, kind.
(function () {
  "use strict";
  if (!window.recordEvent || !window.rrweb) return;

  const NO_EFFECT_AFTER_MS = 1000;
  const CLICKABLE = "button, a[href], [role=button], summary, input[type=submit], input[type=button]";

  function record(event) {
    sessionStorage.recordingStartedAt ??= event.timestamp;
    window.recordEvent(event);
  }

  function mark(kind, hint, label, evidence, at = Date.now()) {
    const number = Number(sessionStorage.recordingMarkers ?? 0) + 1;
    sessionStorage.recordingMarkers = number;
    window.recordMarker({
      id: `m${number}`,
      clusterKey: `${kind}:${hint}`,
      label: label.slice(0, 500),
      evidence: evidence.slice(0, 4000),
      replayOffsetMs: Math.max(0, at - Number(sessionStorage.recordingStartedAt ?? at)),
      kind,
      page: location.pathname,
    });
  }

  function describe(element) {
    const name = element.id ? `#${element.id}` : element.getAttribute("name") ? `[name="${element.getAttribute("name")}"]` : "";
    return `${element.tagName.toLowerCase()}${name}`;
  }

  // Exceptions that nobody caught.
  let lastException = 0;
  function markException(message, stack) {
    lastException = performance.now();
    mark("js_exception", message, message, stack);
  }
  addEventListener("error", ({ error, message, filename, lineno }) => {
    if (message) markException(error ? `${error.name}: ${error.message}` : message, error?.stack ?? `${filename}:${lineno}`);
  });
  addEventListener("unhandledrejection", ({ reason }) => {
    const message = reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);
    markException(message, reason?.stack ?? message);
  });

  // Requests that failed, and whether any was made at all. The network plugin wraps `fetch` as well, and keeps the rest.
  let lastRequest = 0;
  const plainFetch = window.fetch;
  window.fetch = async function (input, options) {
    const request = new Request(input, options);
    const call = `${request.method} ${new URL(request.url).pathname}`;
    lastRequest = performance.now();
    try {
      const answer = await plainFetch.call(window, input, options);
      if (answer.status >= 400) mark("api_error", call, `${call} -> ${answer.status}`, (await answer.clone().text()).slice(0, 500));
      return answer;
    } catch (failure) {
      mark("api_error", call, `${call} -> no answer`, String(failure));
      throw failure;
    }
  };

  // Fields that a form refused. The form's own words are read a moment later, once it has had time to show them.
  // A form may check itself more than once for one click: a field counts once a second.
  const refused = new WeakMap();
  addEventListener("invalid", ({ target }) => {
    const at = Date.now();
    if (at - (refused.get(target) ?? 0) < 1000) return;
    refused.set(target, at);
    setTimeout(() => {
      const words = document.getElementById(target.getAttribute("aria-errormessage") ?? "")?.textContent.trim();
      const broken = ["valueMissing", "typeMismatch", "patternMismatch", "tooShort", "tooLong", "rangeUnderflow", "rangeOverflow", "customError"]
        .filter((rule) => target.validity[rule]);
      mark("validation_failed", describe(target), words || target.validationMessage, `${describe(target)} refused: ${broken.join(", ")}`, at);
    }, 0);
  }, true);

  // Clicks on things that look clickable, after which nothing happened.
  let lastMutation = 0;
  const watched = new WeakSet();
  new MutationObserver(() => (lastMutation = performance.now()))
    .observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  addEventListener("click", ({ target }) => {
    const element = target.closest(CLICKABLE);
    // Clicks in anger on one button are one finding.
    if (!element || watched.has(element)) return;
    watched.add(element);
    const clicked = performance.now();
    const at = Date.now();
    const address = location.href;
    setTimeout(() => {
      watched.delete(element);
      if (Math.max(lastMutation, lastRequest, lastException) >= clicked || location.href !== address) return;
      const words = (element.innerText || element.getAttribute("aria-label") || "").trim().slice(0, 80);
      mark("ui_no_effect", describe(element), `Click on "${words}" changed nothing`,
        `${describe(element)}: no change of the page, no request and no navigation within ${NO_EFFECT_AFTER_MS} ms`, at);
    }, NO_EFFECT_AFTER_MS);
  }, true);

  rrweb.record({
    emit: record,
    slimDOMOptions: "all",
    recordAfter: "DOMContentLoaded",
    plugins: [
      rrwebPluginConsoleRecord.getRecordConsolePlugin({ level: ["log", "warn", "error"] }),
      rrwebPluginNetworkRecord.getRecordNetworkPlugin({ recordHeaders: true, recordBody: true, initiatorTypes: ["fetch", "xmlhttprequest"] }),
    ],
  });
})();

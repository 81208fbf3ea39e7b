// SPDX-License-Identifier: GPL-2.0-or-later
// The page of migtraced: what its status says, as it changes. Names and reasons are a tenant's or
// another host's: they are only ever set as text.
"use strict";

const history = new Map();	// uuid: what was left, look by look
const LOOKS = 300;

function element(tag, text, className) {
	const e = document.createElement(tag);
	if (text !== undefined && text !== null)
		e.textContent = text;
	if (className)
		e.className = className;
	return e;
}

function size(v) {
	if (typeof v !== "number")
		return "-";
	const units = ["B", "KiB", "MiB", "GiB", "TiB"];
	let i = 0;
	while (v >= 1024 && i + 1 < units.length) {
		v /= 1024;
		i++;
	}
	return (i ? v.toFixed(1) : v) + " " + units[i];
}

function duration(ms) {
	if (typeof ms !== "number")
		return "-";
	if (ms < 1000)
		return Math.round(ms) + " ms";
	if (ms < 60000)
		return (ms / 1000).toFixed(1) + " s";
	return Math.floor(ms / 60000) + " min " + Math.round(ms % 60000 / 1000) + " s";
}

function interval(v) {
	if (!v || typeof v.p50 !== "number")
		return "-";
	if (typeof v.p10 !== "number" || typeof v.p90 !== "number")
		return duration(v.p50);
	return `${duration(v.p50)} (${duration(v.p10)} to ${duration(v.p90)})`;
}

function line(looks) {
	const ns = "http://www.w3.org/2000/svg";
	const svg = document.createElementNS(ns, "svg"), p = document.createElementNS(ns, "polyline");
	const most = Math.max(1, ...looks);
	svg.setAttribute("viewBox", `0 0 ${Math.max(1, looks.length - 1)} 100`);
	svg.setAttribute("preserveAspectRatio", "none");
	svg.setAttribute("role", "img");
	svg.setAttribute("aria-label", "what was left to send, over time");
	p.setAttribute("points", looks.map((v, i) => `${i},${100 - 98 * v / most}`).join(" "));
	svg.append(p);
	return svg;
}

function forecast(m) {
	const f = m.forecast;
	if (!f)
		return element("p", "no forecast before the first pass is done", "dim");
	const percent = Math.round(100 * f.ends_probability);
	return element("p", `ends by itself ${percent} %: total ${f.total_ms ? interval(f.total_ms) : "never"}, ` +
		`pause ${interval(f.downtime_ms)}; stopped now ${duration(f.stop_now_ms)}`,
		percent >= 90 ? "good" : percent >= 50 ? "warn" : "bad");
}

function migration(m) {
	const looks = history.get(m.uuid) || [];
	if (typeof m.remaining_bytes === "number")
		looks.push(m.remaining_bytes);
	if (looks.length > LOOKS)
		looks.shift();
	history.set(m.uuid, looks);

	const a = element("article");
	a.append(element("h3", m.domain));
	a.append(element("p", `${m.status || m.stage}, pass ${m.iteration ?? "-"}, ${duration(m.total_ms)}: ` +
		`${size(m.remaining_bytes)} left, ${size(m.bandwidth_bytes_per_s)}/s out, ` +
		`${m.dirty_pages_per_s === null ? "-" : size(4096 * m.dirty_pages_per_s) + "/s"} dirtied`));
	a.append(line(looks));
	a.append(forecast(m));
	a.append(element("p", `${m.policy} ${m.mode === "act" ? "does" : "would do"}: ` +
		`${m.action === "none" ? "wait" : m.action}${m.reason ? ": " + m.reason : ""}`));
	if (m.mode_why)
		a.append(element("p", `only watched: ${m.mode_why}`, "dim"));
	if (m.note)
		a.append(element("p", m.note, "warn"));
	return a;
}

function row(cells, tag, numbers) {
	const tr = element("tr");
	cells.forEach((c, i) => tr.append(element(tag, c, numbers && i >= numbers ? "n" : undefined)));
	return tr;
}

function show(s) {
	const uuids = new Set(s.supervised.map(m => m.uuid));
	for (const uuid of history.keys())
		if (!uuids.has(uuid))
			history.delete(uuid);
	document.getElementById("summary").className = s.libvirt.connected && !s.stuck.length ? "" : "lost";
	document.getElementById("summary").textContent =
		`${s.version}, ${s.mode}, policy ${s.policy}, ${s.libvirt.uri} ` +
		`${s.libvirt.connected ? "connected" : "not connected"}, up ${duration(1000 * s.uptime_s)}` +
		(s.stuck.length ? `; ${s.stuck.length} calls are not answered` : "");
	const now = s.supervised.map(migration);
	document.getElementById("supervised").replaceChildren(
		...(now.length ? now : [element("p", "no migrations", "dim")]));
	document.getElementById("finished").replaceChildren(
		row(["guest", "outcome", "policy", "total", "pause", "sent", "ended"], "th"),
		...s.finished.map(m => row([m.domain, m.outcome, m.policy, duration(m.total_ms),
			duration(m.downtime_ms), size(m.transferred_bytes),
			new Date(m.ended_wall_ms).toLocaleString()], "td", 3)));
	document.getElementById("totals").replaceChildren(...Object.entries(s.totals.outcomes)
		.filter(([, n]) => n > 0)
		.flatMap(([name, n]) => [element("dt", name), element("dd", n)]));
}

const events = new EventSource("/api/v1/events");
events.onmessage = e => show(JSON.parse(e.data));
events.onerror = () => {
	document.getElementById("summary").className = "lost";
	document.getElementById("summary").textContent = "the daemon does not answer; what is below is old";
};

"use strict";
const said = document.getElementById("said");

for (const block of document.querySelectorAll(".copy")) {
	const button = document.createElement("button");
	const code = block.querySelector("code");
	button.type = "button";
	button.textContent = "Copy";
	button.setAttribute("aria-label", "Copy " + block.firstElementChild.getAttribute("aria-label"));
	button.addEventListener("click", () => copy(code));
	block.append(button);
}

async function copy(code) {
	try {
		await navigator.clipboard.writeText(code.textContent);
		said.textContent = "Copied.";
	} catch {
		getSelection().selectAllChildren(code); // a page that may not copy selects for the user
		said.textContent = "Selected: copy it with the keyboard.";
	}
}

// What is long is text to a browser that runs scripts, until someone opens it.
for (const unread of document.querySelectorAll("details noscript")) {
	const details = unread.closest("details");
	details.addEventListener("toggle", () => {
		unread.outerHTML = unread.textContent;
		details.querySelectorAll("table.sortable").forEach(sortable);
	}, { once: true });
}

document.querySelectorAll("table.sortable").forEach(sortable);

function sortable(table) {
	const heads = [...table.tHead.rows[0].cells];
	heads.forEach((head, column) => {
		const button = document.createElement("button");
		button.type = "button";
		button.append(...head.childNodes);
		button.addEventListener("click", () => sort(table, heads, column));
		head.append(button);
	});
	if (table.tBodies[0].rows.length > 8) {
		filter(table);
	}
}

function sort(table, heads, column) {
	const down = heads[column].getAttribute("aria-sort") === "ascending";
	heads.forEach(h => h.removeAttribute("aria-sort"));
	heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
	const numbers = heads[column].classList.contains("n");
	const key = text => numbers ? (text === "inf" ? Infinity : text === "" ? -Infinity : parseFloat(text)) : text;
	const compare = (a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
	const rows = [...table.tBodies[0].rows].map(row => ({ row, key: key(row.cells[column].textContent) })).sort(compare);
	table.tBodies[0].append(...(down ? rows.reverse() : rows).map(r => r.row));
}

function filter(table) {
	const label = document.createElement("label");
	const input = document.createElement("input");
	label.className = "filter";
	input.type = "search";
	label.append("Show rows with ", input);
	table.parentElement.before(label);
	input.addEventListener("input", () => {
		const wanted = input.value.toLowerCase();
		for (const row of table.tBodies[0].rows) {
			row.hidden = !row.textContent.toLowerCase().includes(wanted);
		}
	});
}

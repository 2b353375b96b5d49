// What a page does for its reader: exact copies, progress that is kept in this browser.
// Without scripts the page is whole; only the progress is missing.
"use strict";

(() => {
    // The theme's copy button trims what it copies. A file ends with a line break, and a session is copied as its commands.
    // Copied as a command, a file is the here-document that writes it: the page knows what stands around the text. That of a
    // change is there whole.
    document.addEventListener(
        "click",
        (event) => {
            const button = event.target.closest("[data-clipboard-target]");
            if (!button) return;
            const commands = button.closest("[data-copy]");
            let text = commands ? commands.dataset.copy : document.querySelector(button.dataset.clipboardTarget).textContent;
            if (button.matches(".labs-command")) {
                const { command, commandEnd } = button.closest("[data-command]").dataset;
                text = commandEnd === undefined ? command : command + text + commandEnd;
            }
            button.setAttribute("data-clipboard-text", text);
        },
        true,
    );

    // For screen readers and for those who scroll by keys. The theme leaves its search dialog and the menu of a section that
    // has a page of its own without a name, calls the buttons of each block a landmark, and lets keys reach a wide block only
    // after it was seen.
    document.querySelector(".md-search[role=dialog]")?.setAttribute("aria-label", "Search");
    for (const menu of document.querySelectorAll("nav[aria-labelledby]")) {
        const label = document.getElementById(menu.getAttribute("aria-labelledby"));
        const link = label?.parentElement.querySelector("a");
        if (link && !label.textContent.trim()) label.setAttribute("aria-label", link.textContent.trim());
    }

    // The theme makes the buttons of a block when it comes into view; ours joins them.
    function offerCommands() {
        for (const copy of document.querySelectorAll("[data-command] [data-md-type=copy]:only-child")) {
            const button = document.createElement("button");
            button.type = "button";
            button.className = "md-code__button labs-command";
            button.title = "Copy as command";
            button.dataset.clipboardTarget = copy.dataset.clipboardTarget;
            copy.after(button);
        }
    }

    function mendBlocks() {
        offerCommands();
        for (const buttons of document.querySelectorAll("nav.md-code__nav:not([role])")) buttons.setAttribute("role", "none");
        for (const code of document.querySelectorAll("pre > code:not([tabindex])")) {
            if (code.scrollWidth > code.clientWidth) code.tabIndex = 0;
        }
    }

    const content = document.querySelector("article") ?? document.body;
    new ResizeObserver(mendBlocks).observe(content);
    new MutationObserver(mendBlocks).observe(content, {
        subtree: true,
        childList: true,
        attributeFilter: ["tabindex", "open"],
    });
    document.addEventListener("change", mendBlocks); // another tab of a block is shown

    function remembered(key) {
        try {
            return localStorage.getItem(key);
        } catch {
            return null; // Storage is switched off: the boxes work until the page is left.
        }
    }

    function remember(key, done) {
        try {
            if (done) localStorage.setItem(key, "done");
            else localStorage.removeItem(key);
        } catch {
            // As above.
        }
    }

    function keyOf(path, section) {
        return `docker-labs:${path}#${section}`;
    }

    // A box at the end of each section of a lab page, and how many are ticked below the page's heading.
    function addProgress() {
        const line = document.querySelector(".walk-line");
        const headings = line ? [...line.parentElement.querySelectorAll(":scope > h2[id]")] : [];
        if (headings.length < 2) return;

        const progress = document.createElement("p");
        const meter = document.createElement("progress");
        const words = document.createElement("span");
        progress.className = "labs-progress";
        meter.max = headings.length;
        meter.setAttribute("aria-label", "Sections that you have done");
        progress.append(meter, words);
        line.after(progress);

        const boxes = headings.map((heading, index) => {
            const key = keyOf(location.pathname, heading.id);
            const box = document.createElement("input");
            const label = document.createElement("label");
            const place = document.createElement("p");
            box.type = "checkbox";
            box.checked = remembered(key) !== null;
            box.addEventListener("change", () => {
                remember(key, box.checked);
                show();
            });
            label.append(box, ` Done: ${heading.firstChild.textContent}`);
            place.className = "labs-done";
            place.append(label);
            const next = headings[index + 1] ?? line.parentElement.querySelector(":scope > .walk-evidence");
            if (next) next.before(place);
            else line.parentElement.append(place);
            return box;
        });

        function show() {
            const done = boxes.filter((box) => box.checked).length;
            meter.value = done;
            words.textContent = ` ${done} of ${boxes.length} sections done`;
        }
        show();
    }

    // Behind a prerequisite that is another lab: how many of its pages are done. Of a lab that was not begun nothing is said:
    // not everybody ticks boxes.
    function showPrerequisites() {
        for (const link of document.querySelectorAll("a[data-sections]")) {
            const pages = Object.entries(JSON.parse(link.dataset.sections));
            const done = pages.filter(([page, sections]) => {
                const path = new URL(page, link.href).pathname;
                return sections.every((section) => remembered(keyOf(path, section)) !== null);
            }).length;
            if (!link.nextElementSibling?.matches(".labs-known")) {
                const words = document.createElement("span");
                words.className = "labs-known";
                link.after(words);
            }
            const count = done === pages.length ? `all ${done}` : `${done} of ${pages.length}`;
            link.nextElementSibling.textContent = done ? ` (${count} pages done)` : "";
        }
    }

    addProgress();
    showPrerequisites();
    addEventListener("pageshow", showPrerequisites); // a page that is come back to may be as it was left
})();

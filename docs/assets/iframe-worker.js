// Browsers refuse workers to a page that is opened from a folder. The theme's search then runs in a frame of the page.
"use strict";

if (location.protocol === "file:") {
    window.Worker = class FrameWorker extends EventTarget {
        #waiting = [];
        #inside = null;

        constructor(address) {
            super();
            const frame = document.createElement("iframe");
            frame.hidden = true;
            frame.title = "Search";
            document.body.append(frame);
            const inside = frame.contentWindow;
            inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
            inside.importScripts = async (...addresses) => {
                for (const next of addresses) await FrameWorker.#load(inside, next);
            };
            FrameWorker.#load(inside, address).then(() => {
                this.#inside = inside;
                for (const data of this.#waiting) this.postMessage(data);
            });
        }

        postMessage(data) {
            if (this.#inside) this.#inside.dispatchEvent(new this.#inside.MessageEvent("message", { data }));
            else this.#waiting.push(data);
        }

        static #load(inside, address) {
            return new Promise((resolve, reject) => {
                const script = inside.document.createElement("script");
                script.src = new URL(address, location.href).href;
                script.onload = resolve;
                script.onerror = reject;
                inside.document.body.append(script);
            });
        }
    };
}

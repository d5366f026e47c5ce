// @ts-check
// The strongest six channels, drawn as they are: blocks of u x v.

import { html } from "../elements.js";
import { heat } from "../heat.js";
import { Picture } from "../picture.js";
import { fixed } from "../words.js";

const SHOWN = 6;

export class ChannelStrip {
  /** @param {[number, number, number]} shape k, u, v */
  constructor([, u, v]) {
    this.u = u;
    this.v = v;
    this.side = u === v ? u : 8 * Math.max(u, v);
    /** @type {string[]} */
    this.texts = [];
    this.pictures = Array.from({ length: SHOWN }, () => new Picture("", this.side));
    this.element = html("div", { class: "ck-strip", role: "group", "aria-label": "The strongest channels" },
      ...this.pictures.map((picture) => picture.element));
  }

  /**
   * @param {NonNullable<import("./numbers.js").MapRead["channels"]>} channels
   * @param {import("../arrays.js").Numbers} features
   */
  show({ order, sigma, contribution, total }, features) {
    const { u, v, side } = this;
    this.texts = order.slice(0, SHOWN).map((channel, place) => {
      const map = features.subarray(channel * u * v, (channel + 1) * u * v);
      const top = Math.max(...map) || 1;
      /** @param {number} i */
      const at = (i) => Math.floor((Math.floor(i / side) * u) / side) * v + Math.floor(((i % side) * v) / side);
      this.pictures[place].show({ paint: (i) => heat(map[at(i)] / top, 1), smooth: false });
      const weight = sigma[channel].toPrecision(2).replaceAll("-", "\u2212");
      return `Channel ${channel}: weight ${weight}, share ${fixed(contribution[channel] / total, 3)}`;
    });
    this.pictures.forEach((picture, place) => { picture.element.hidden = place >= this.texts.length; });
  }

  /** @param {number} count how many channels are added */
  mark(count) {
    this.texts.forEach((text, place) => {
      const added = place < count;
      const picture = this.pictures[place];
      const caption = added ? text : `${text}, not added`;
      picture.canvas.classList.toggle("ck-left-out", !added);
      picture.caption.textContent = caption;
      picture.say(caption);
    });
  }
}

// Exact amounts in the browser: whole numbers of 10^-18, as on the server. Nothing here is ever a float.

const SCALE = 18;
const PLAIN = /^([0-9]{1,20})(?:\.([0-9]{1,18}))?$/;
const GROUPED = /^[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$/;

/** The units of a typed amount; null where it is empty or no amount. */
export function parse(text) {
  let plain = text.replace(/[\s_']/g, "");
  if (GROUPED.test(plain)) plain = plain.replaceAll(",", "");
  const match = PLAIN.exec(plain);
  return match ? BigInt(match[1] + (match[2] ?? "").padEnd(SCALE, "0")) : null;
}

/** The amount with so many decimal places, and more only where they are not zero. */
export function format(units, places, { grouped = true } = {}) {
  const digits = (units < 0n ? -units : units).toString().padStart(SCALE + 1, "0");
  const fraction = digits.slice(-SCALE).replace(/0+$/, "").padEnd(places, "0");
  let whole = digits.slice(0, -SCALE);
  if (grouped) whole = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return (units < 0n ? "-" : "") + whole + (fraction ? `.${fraction}` : "");
}

// What the browser remembers between pages: the basket, and who signed in.
const listeners = [];

function read() {
  return JSON.parse(localStorage.getItem("basket") ?? "[]");
}

function write(lines) {
  localStorage.setItem("basket", JSON.stringify(lines));
  listeners.forEach((listener) => listener());
}

export const onChange = (listener) => listeners.push(listener);
export const lines = read;
export const count = () => read().reduce((sum, line) => sum + line.quantity, 0);
export const subtotal = () => read().reduce((sum, line) => sum + line.amount * line.quantity, 0);
export const empty = () => write([]);

export function add(product, size, quantity) {
  const all = read();
  const known = all.find((line) => line.slug === product.slug && line.size === size.code);
  if (known) known.quantity += quantity;
  else {
    all.push({
      slug: product.slug, name: product.name, tint: product.tint, size: size.code, sizeLabel: size.label,
      amount: product.prices[size.code].amount, quantity,
    });
  }
  write(all);
}

export function setQuantity(index, quantity) {
  const all = read();
  if (quantity < 1) all.splice(index, 1);
  else all[index].quantity = quantity;
  write(all);
}

export const visitor = () => sessionStorage.getItem("visitor");
export const token = () => sessionStorage.getItem("token");

export function signIn(name, newToken) {
  sessionStorage.setItem("visitor", name);
  sessionStorage.setItem("token", newToken);
  listeners.forEach((listener) => listener());
}

/** 4900 cents to "€49.00". */
export const money = (cents) => `€${(cents / 100).toFixed(2)}`;

export const delivery = (cents, method) => (method === "express" ? 1290 : cents >= 6000 ? 0 : 490);

/** Text that may be put between tags. */
export function safe(text) {
  const holder = document.createElement("i");
  holder.textContent = text;
  return holder.innerHTML;
}

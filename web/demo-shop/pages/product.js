import { art } from "../art.js";
import * as basket from "../store.js";
import { money } from "../store.js";

function body(product) {
  const first = product.sizes[0];
  const sizes = product.sizes.map(
    (size) => `<button type="button" class="size" data-size="${size.code}" aria-pressed="${size === first}">${size.label}</button>`,
  );
  return `
    <p class="crumbs"><a href="/">Shop</a> / <a href="/?room=${product.room}">${product.room}</a> / ${product.name}</p>
    <section class="product">
      <div class="picture large" style="background:${product.tint}">${art(product.slug, product.name)}</div>
      <div class="about">
        <p class="over">${product.maker}</p>
        <h1>${product.name}</h1>
        <p class="stars" aria-label="Rated 4.8 of 5">★★★★★ <span>4.8 · 126 notes</span></p>
        <p class="big-price" id="price">${money(product.prices[first.code].amount)}</p>
        <p>${product.text}</p>
        <h4>Size</h4>
        <div class="sizes">${sizes.join("")}</div>
        <p class="stock" id="stock">${stockText(product.prices[first.code].stock)}</p>
        <button type="button" class="button wide" id="add">Add to basket</button>
        <p class="note" id="added" hidden></p>
        <ul class="promises"><li>Leaves us tomorrow</li><li>30 days to send it back</li><li>Repaired, not replaced</li></ul>
      </div>
    </section>`;
}

const stockText = (stock) => (stock < 6 ? `Only ${stock} left` : "In stock");

function chooseSize(page, product, size) {
  const add = page.querySelector("#add");
  page.querySelectorAll(".size").forEach((one) => one.setAttribute("aria-pressed", one.dataset.size === size.code));
  add.disabled = true;
  page.querySelector("#price").textContent = "Updating price…";
  // The large lantern was put on the shelf before it had a price: this is where its page breaks.
  const price = product.prices[size.code];
  page.querySelector("#price").textContent = money(price.amount);
  page.querySelector("#stock").textContent = stockText(price.stock);
  add.disabled = false;
}

export function showProduct(page, products, slug) {
  const product = products.find((one) => one.slug === slug);
  let chosen = product.sizes[0];
  document.title = `${product.name} · Fern & Flint`;
  page.innerHTML = body(product);
  page.querySelectorAll(".size").forEach((one) =>
    one.addEventListener("click", () => {
      chosen = product.sizes.find((size) => size.code === one.dataset.size);
      chooseSize(page, product, chosen);
    }),
  );
  page.querySelector("#add").addEventListener("click", () => {
    basket.add(product, chosen, 1);
    const note = page.querySelector("#added");
    note.hidden = false;
    note.innerHTML = `${product.name}, ${chosen.label}, is in your basket. <a href="/basket">Go to basket</a>`;
  });
}

import { art } from "../art.js";
import { money, safe } from "../store.js";

const rooms = { light: "Light", textiles: "Textiles", kitchen: "Kitchen", living: "Living" };

function card(product) {
  const least = Math.min(...Object.values(product.prices).map((price) => price.amount));
  const from = product.sizes.length > 1 ? "from " : "";
  return `
    <a class="card" href="/products/${product.slug}">
      <div class="picture" style="background:${product.tint}">
        ${product.badge ? `<span class="badge">${product.badge}</span>` : ""}${art(product.slug, product.name)}
      </div>
      <div class="caption"><h3>${product.name}</h3><span class="price">${from}${money(least)}</span></div>
      <p class="maker">${product.maker}</p>
    </a>`;
}

const hero = `
  <section class="hero">
    <div>
      <p class="over">The autumn shelf</p>
      <h1>Light the lantern.<br>Let it get late.</h1>
      <p>Brass, wool and oak from nine small workshops. Everything on this page is in the house and leaves it tomorrow.</p>
      <a class="button" href="/products/brass-lantern">See the brass lantern</a>
    </div>
    <div class="hero-art">${art("brass-lantern", "Brass lantern")}${art("wool-cushion", "Cushion")}${art("candle-trio", "Candles")}</div>
  </section>`;

/** The shelf: everything, one room, or what a search found. */
export function showHome(page, products) {
  const asked = new URLSearchParams(location.search);
  const room = asked.get("room");
  const query = (asked.get("q") ?? "").trim();
  const found = products.filter(
    (product) => (!room || product.room === room) && product.name.toLowerCase().includes(query.toLowerCase()),
  );
  const title = query ? `${found.length} found for “${safe(query)}”` : room ? rooms[room] ?? "Everything" : "On the shelf today";
  page.innerHTML = `
    ${room || query ? "" : hero}
    <section class="shelf">
      <div class="shelf-head"><h2>${title}</h2><span>${found.length} things</span></div>
      <div class="grid">${found.map(card).join("") || "<p>Nothing by that name. Try “lantern”.</p>"}</div>
    </section>`;
}

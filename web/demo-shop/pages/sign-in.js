import * as basket from "../store.js";

const form = `
  <section class="plain narrow">
    <h1>Welcome back</h1>
    <p class="soft">Sign in to see your orders and fill the checkout faster.</p>
    <form id="sign-in" class="stack">
      <label class="field"><span>E-mail</span><input name="email" type="email" required autocomplete="username"></label>
      <label class="field"><span>Password</span><input name="password" type="password" required autocomplete="current-password"></label>
      <button class="button wide">Sign in</button>
    </form>
  </section>`;

export function showSignIn(page) {
  document.title = "Sign in · Fern & Flint";
  page.innerHTML = form;
  page.querySelector("#sign-in").addEventListener("submit", async (event) => {
    event.preventDefault();
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify(Object.fromEntries(new FormData(event.target)));
    const answer = await fetch("/api/sign-in", { method: "POST", headers, body });
    const { name, token } = await answer.json();
    basket.signIn(name, token);
    page.innerHTML = `<section class="plain narrow"><h1>Good to see you, ${basket.safe(name)}</h1>
      <p class="soft">Your basket came along.</p><p><a class="button" href="/">To the shelf</a></p></section>`;
  });
}

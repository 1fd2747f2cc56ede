// Drawn here, so that a recording carries its pictures inside the page and a replay needs no server.

const shadow = '<ellipse cx="120" cy="206" rx="74" ry="9" fill="#22302b" opacity=".12"/>';

const drawings = {
  "brass-lantern": `
    <path d="M92 92V62a28 32 0 0 1 56 0v30" fill="none" stroke="#8a6420" stroke-width="5"/><circle cx="120" cy="61" r="7" fill="#8a6420"/>
    <path d="M96 66h48l14 22H82Z" fill="#c9973f"/><path d="M96 66h22l-8 22H82Z" fill="#dfb562"/>
    <rect x="80" y="88" width="80" height="92" rx="6" fill="#fbf3dd" stroke="#b5842f" stroke-width="5"/>
    <circle cx="120" cy="136" r="34" fill="#ffd98a" opacity=".55"/>
    <path d="M120 112c12 14 14 22 14 28a14 14 0 0 1-28 0c0-8 8-14 14-28Z" fill="#f2a33a"/>
    <path d="M120 128c6 8 7 11 7 14a7 7 0 0 1-14 0c0-4 4-7 7-14Z" fill="#fff2cf"/>
    <rect x="110" y="154" width="20" height="24" rx="2" fill="#f6efe2"/>
    <path d="M104 90v88M136 90v88" stroke="#b5842f" stroke-width="3"/>
    <rect x="72" y="178" width="96" height="16" rx="5" fill="#c9973f"/><rect x="72" y="178" width="40" height="16" rx="5" fill="#dfb562"/>`,
  "stoneware-mug": `
    <path d="M158 106c40-8 44 62-4 60" fill="none" stroke="#587a6e" stroke-width="13" stroke-linecap="round"/>
    <path d="M68 84h96l-6 98a18 18 0 0 1-18 16H92a18 18 0 0 1-18-16Z" fill="#7c9c90"/>
    <path d="M68 84h96l-3 46c-28 16-54-10-90 6Z" fill="#f2ece0"/>
    <ellipse cx="116" cy="84" rx="48" ry="12" fill="#e4dccb"/><ellipse cx="116" cy="85" rx="40" ry="8" fill="#5a3b28"/>
    <g fill="#3f5a50" opacity=".5"><circle cx="92" cy="158" r="2"/><circle cx="118" cy="176" r="2.4"/><circle cx="138" cy="156" r="1.8"/><circle cx="104" cy="184" r="1.6"/><circle cx="146" cy="140" r="2"/></g>
    <path d="M102 62c-8-12 8-16 0-30M126 62c-8-12 8-16 0-30" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round" opacity=".8"/>`,
  "linen-throw": `
    <path d="M60 72c36-18 84-18 120 0v104H60Z" fill="#cf9d85"/>
    <path d="M60 72c36-18 84-18 120 0v20c-36-16-84-16-120 0Z" fill="#ddb39e"/>
    <path d="M60 112c36-14 84-14 120 0v12c-36-14-84-14-120 0Zm0 34c36-14 84-14 120 0v8c-36-14-84-14-120 0Z" fill="#f6efe2" opacity=".75"/>
    <path d="M60 176v24m12-24v26m12-26v24m12-24v26m12-26v24m12-24v26m12-26v24m12-24v26m12-26v24m12-24v26m12-26v24" stroke="#b9836a" stroke-width="4" stroke-linecap="round"/>
    <path d="M118 60v114" stroke="#b9836a" stroke-width="2" opacity=".5"/>`,
  "oak-stool": `
    <path d="M86 98 62 204M154 98l24 106M120 102v106" stroke="#a87a4a" stroke-width="13" stroke-linecap="round"/>
    <path d="M74 158h92" stroke="#8d6439" stroke-width="9" stroke-linecap="round"/>
    <ellipse cx="120" cy="98" rx="72" ry="18" fill="#a87a4a"/><ellipse cx="120" cy="88" rx="72" ry="18" fill="#cfa36d"/>
    <path d="M64 86c30-10 82-10 112 0M78 94c24-6 60-6 84 0M96 80c16-3 32-3 48 0" fill="none" stroke="#b1844f" stroke-width="2"/>`,
  "glass-vase": `
    <path d="M120 92C116 62 96 52 84 30M120 92c2-34 22-42 34-68M120 92c0-26-2-40 0-62" fill="none" stroke="#5c7d5b" stroke-width="4"/>
    <g fill="#7fa07a"><ellipse cx="96" cy="52" rx="7" ry="15" transform="rotate(-52 96 52)"/><ellipse cx="142" cy="50" rx="7" ry="15" transform="rotate(50 142 50)"/><ellipse cx="112" cy="60" rx="6" ry="13" transform="rotate(-20 112 60)"/></g>
    <g fill="#d9795a"><circle cx="84" cy="28" r="11"/><circle cx="154" cy="23" r="12"/></g><circle cx="120" cy="27" r="11" fill="#f0c36d"/>
    <path d="M106 90h28c0 26 34 38 34 74 0 24-18 40-48 40s-48-16-48-40c0-36 34-48 34-74Z" fill="#6f8ba0" opacity=".82"/>
    <path d="M80 150c26 8 54-8 80 0 14 40-14 50-40 50s-50-14-40-50Z" fill="#4f6d84" opacity=".55"/>
    <path d="M92 136c-10 14-12 32-4 46" fill="none" stroke="#fff" stroke-width="5" stroke-linecap="round" opacity=".6"/>`,
  "candle-trio": `
    <g><rect x="44" y="128" width="48" height="70" rx="7" fill="#c98f80"/><rect x="96" y="108" width="48" height="90" rx="7" fill="#b06f60"/><rect x="148" y="140" width="48" height="58" rx="7" fill="#d8ab9d"/></g>
    <g fill="#fbf3e8"><ellipse cx="68" cy="130" rx="22" ry="6"/><ellipse cx="120" cy="110" rx="22" ry="6"/><ellipse cx="172" cy="142" rx="22" ry="6"/></g>
    <path d="M68 128v-10m52-10V98m52 42v-10" stroke="#4b3a33" stroke-width="3"/>
    <g fill="#f2a33a"><path d="M68 92c9 11 10 15 10 18a10 10 0 0 1-20 0c0-5 5-9 10-18Z"/><path d="M120 70c9 11 10 15 10 18a10 10 0 0 1-20 0c0-5 5-9 10-18Z"/><path d="M172 104c9 11 10 15 10 18a10 10 0 0 1-20 0c0-5 5-9 10-18Z"/></g>
    <g fill="#fbf3e8" opacity=".85"><rect x="52" y="152" width="32" height="20" rx="2"/><rect x="104" y="142" width="32" height="22" rx="2"/><rect x="156" y="160" width="32" height="18" rx="2"/></g>`,
  "olive-board": `
    <g transform="rotate(-24 120 120)">
      <rect x="104" y="18" width="32" height="60" rx="14" fill="#a9793f"/><circle cx="120" cy="36" r="7" fill="#e9e3d0"/>
      <path d="M113 30c-16-14-22 6-34-6" fill="none" stroke="#6d4a2a" stroke-width="5" stroke-linecap="round"/>
      <rect x="72" y="66" width="96" height="142" rx="26" fill="#c0904f"/>
      <path d="M92 74c-8 40 22 60 6 126M120 70c-10 44 26 70 8 136M146 74c-6 34 14 70 6 122" fill="none" stroke="#96662f" stroke-width="4"/>
      <ellipse cx="128" cy="140" rx="9" ry="14" fill="none" stroke="#96662f" stroke-width="4"/>
    </g>
    <g fill="#7d8a4a"><circle cx="182" cy="182" r="12"/><circle cx="200" cy="166" r="10"/></g>`,
  "wool-cushion": `
    <path d="M54 70c40 10 92 10 132 0 10 34 10 92 0 126-40-10-92-10-132 0-10-34-10-92 0-126Z" fill="#86a07c"/>
    <path d="M50 104c46 8 94 8 140 0v22c-46 8-94 8-140 0Zm0 44c46 8 94 8 140 0v10c-46 8-94 8-140 0Z" fill="#f0e9d8" opacity=".85"/>
    <path d="M90 74c6 40 6 78 0 118M150 74c-6 40-6 78 0 118" fill="none" stroke="#5f7a58" stroke-width="6" opacity=".55"/>
    <g stroke="#5f7a58" stroke-width="5" stroke-linecap="round"><path d="m54 70-10-10m142 10 10-10M54 196l-10 10m142-10 10 10"/></g>`,
};

/** The picture of one product, as SVG text. */
export function art(slug, label) {
  return `<svg class="art" viewBox="0 0 240 240" role="img" aria-label="${label}">${shadow}${drawings[slug] ?? ""}</svg>`;
}

/*
 * The page's style: large, high in contrast, light and dark.  Colours are the Okabe-Ito palette, which can be told
 * apart with any common colour blindness; letters, labels and hatching say the same again.
 */
#include <stddef.h>

#include "view/comparison/html.h"

const char *const html_style[] = {
        ":root{color-scheme:light dark;--bg:#fff;--fg:#111;--soft:#4a4a4a;--line:#9a9a9a;--panel:#f1f1f1;"
        "--warn-bg:#fff0c8;--warn-fg:#5a3a00;--link:#00507d;"
        "--k0:#0072b2;--k1:#e69f00;--k2:#009e73;--k3:#cc79a7;--k4:#56b4e9;--k5:#d55e00;--k6:#f0e442;--k7:#999}\n"
        "@media (prefers-color-scheme:dark){:root{--bg:#101214;--fg:#f4f4f4;--soft:#c2c2c2;--line:#6f6f6f;"
        "--panel:#1d2126;--warn-bg:#4a3500;--warn-fg:#ffe9b0;--link:#8fd0ff}}\n",
        "html{font-size:clamp(16px,1.5vw,30px);scroll-padding-top:3rem}\n"
        "body{margin:0 auto;max-width:88rem;padding:0 1.2rem 2rem;background:var(--bg);color:var(--fg);"
        "font-family:system-ui,'Segoe UI','Noto Sans','DejaVu Sans',sans-serif;line-height:1.35}\n"
        "h1{font-size:2.1rem;line-height:1.15;margin:.5rem 0 .2rem}\n"
        "h2{font-size:1.7rem;line-height:1.15;margin:0 0 .2rem}\n"
        "h3{font-size:1.2rem;margin:1rem 0 .2rem}\n"
        "p,li{margin:.25rem 0;overflow-wrap:anywhere}\n"
        "a{color:var(--link)}\n"
        "nav{position:sticky;top:0;z-index:1;background:var(--bg);border-bottom:2px solid var(--line);"
        "padding:.45rem 0;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.95rem}\n"
        "section{padding:1.1rem 0 1.6rem;border-bottom:1px solid var(--line)}\n"
        ".soft,figcaption{color:var(--soft)}\n"
        "figcaption,.small{font-size:.8rem}\n"
        "figure{margin:0}figcaption::first-letter{text-transform:uppercase}\n",
        ".warn{background:var(--warn-bg);color:var(--warn-fg);border-left:.5rem solid #e69f00;padding:.4rem .8rem;"
        "margin:.6rem 0;font-weight:600}\n"
        "table{border-collapse:collapse;width:100%}\n"
        "th,td{padding:.22rem .5rem;text-align:right;vertical-align:top;border-bottom:1px solid var(--line)}\n"
        "th:first-child{text-align:left}\n"
        "thead th{border-bottom:2px solid var(--fg);vertical-align:bottom}\n"
        "th small,td small{display:block;font-weight:400;color:var(--soft)}\n"
        ".glance{font-size:1.12rem}\n"
        ".glance th:first-child{white-space:nowrap}.glance td{font-variant-numeric:tabular-nums;white-space:nowrap}\n"
        ".glance "
        ".what{text-align:left;white-space:normal;font-size:.74rem;line-height:1.15;color:var(--soft);vertical-align:"
        "middle}\n"
        ".all{font-size:.74rem;font-variant-numeric:tabular-nums}\n"
        ".all th{font-weight:500}.all thead th{font-weight:700}.all .group "
        "th{font-weight:700;font-size:.95rem;padding-top:.7rem}\n"
        ".all .part th{padding-left:1.6rem;font-weight:400}.all .ratio{color:var(--soft)}\n"
        ".facts{font-size:.86rem}.facts td{text-align:center;border-left:1px solid "
        "var(--line);overflow-wrap:anywhere}\n"
        ".facts thead th{text-align:center}\n"
        ".methods{font-size:.72rem}.methods td,.methods th{text-align:left}\n"
        ".tcg{background:var(--warn-bg);color:var(--warn-fg);border-radius:.2rem;padding:0 .25rem;white-space:nowrap;"
        "font-size:.72em;font-weight:600}\n"
        ".wide{overflow-x:auto}\n"
        "ul,ol{margin:.3rem 0;padding-left:1.6rem}\n"
        "pre{background:var(--panel);padding:.5rem .7rem;margin:.3rem 0;white-space:pre-wrap;overflow-wrap:anywhere;"
        "font-size:.74rem}\n"
        "summary{cursor:pointer;font-weight:600}\n",
        "svg{display:block;width:100%;height:auto}\n"
        "svg text{fill:var(--fg);font-size:22px}svg .id{font-weight:700}svg .sub,svg .soft{fill:var(--soft);"
        "font-size:18px}\n"
        "svg.low text{font-size:19px}svg.low .sub{font-size:18px}\n"
        "svg .seg{stroke:var(--bg);stroke-width:2}svg .box{fill:none;stroke:var(--fg);stroke-width:1.5;"
        "stroke-dasharray:5 4}\n"
        "svg .whisker{stroke:var(--fg);stroke-width:2.5;fill:none}svg .axis{stroke:var(--line);stroke-width:2}\n"
        "svg .emu{fill:var(--warn-fg);font-weight:600;font-size:18px}\n"
        ".k0{fill:var(--k0)}.k1{fill:var(--k1)}.k2{fill:var(--k2)}.k3{fill:var(--k3)}.k4{fill:var(--k4)}"
        ".k5{fill:var(--k5)}.k6{fill:var(--k6)}.k7{fill:var(--k7)}\n"
        "svg text.on{fill:#000;font-size:18px;font-weight:600}svg text.on0{fill:#fff}\n"
        ".hatch{stroke:var(--bg);stroke-width:5}\n"
        ".legend{display:flex;flex-wrap:wrap;gap:.1rem 1.3rem;list-style:none;padding:0;margin:.3rem "
        "0;font-size:1rem}\n"
        ".legend svg{display:inline-block;width:1.5em;height:1.2em;vertical-align:-.25em;margin-right:.35em}\n",
        "@media print{:root{color-scheme:light;--bg:#fff;--fg:#000;--soft:#333;--line:#888;--panel:#eee;"
        "--warn-bg:#fff0c8;--warn-fg:#5a3a00;--link:#000}html{font-size:11pt}body{max-width:none;padding:0}"
        "nav{display:none}section{break-inside:avoid;padding:.6rem 0}.wide{overflow:visible}tr,pre{break-inside:avoid}"
        ".glance{font-size:8.5pt}.glance .what,.all,.methods{font-size:7pt}"
        "*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}\n",
        NULL,
};

//! `--html`: one file that opens anywhere, with a table and pictures for each world.

use std::fmt::Write;

use insist_sim::Summary;

use super::chart::{self, HATCH, HEIGHT, STYLE, Scale, WIDTH};
use super::svg::escaped;
use super::{COLUMNS, cells, facts, reasons, trade_off};
use crate::describe::Described;
use crate::simulate::candidate::Spec;
use crate::simulate::grid::Grid;
use crate::simulate::sweep::Sweep;
use crate::simulate::world::NamedWorld;

/// Makes the page.
pub(in crate::simulate) fn page(grid: &Grid, sweep: Option<&Sweep>) -> String {
    let mut body = String::new();
    policies(&mut body, grid, sweep);
    for (world, rows) in grid.by_world() {
        section(&mut body, world, &rows, sweep);
    }
    let _ = write!(
        body,
        "<footer><p>Seed {}, {} of them for each pair; ± is the standard deviation between seeds. The same worlds, policies \
         and seed give the same page on every machine. “Not in the run” is not “never”.</p></footer>",
        grid.seed, grid.seeds
    );
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><title>insist simulate</title><style>{PAGE}{STYLE}</style></head>\
         <body><svg width=\"0\" height=\"0\" aria-hidden=\"true\" style=\"position:absolute\">{HATCH}</svg><main>{body}</main></body></html>\n"
    )
}

fn policies(body: &mut String, grid: &Grid, sweep: Option<&Sweep>) {
    let worlds = grid.worlds.len();
    let values = sweep.map_or(1, Sweep::len).max(1);
    let count = grid.specs.len() / values;
    let _ = write!(
        body,
        "<h1>{count} {} in {worlds} {}</h1><dl class=\"policies\">",
        if count == 1 { "policy" } else { "policies" },
        if worlds == 1 { "world" } else { "worlds" }
    );
    for spec in grid.specs.iter().step_by(values) {
        let (name, policy) = (escaped(swept_name(spec, sweep)), escaped(&Described(&spec.policy).to_string()));
        let _ = write!(body, "<dt>{name}</dt><dd>{policy}{}</dd>", spec.gates);
    }
    body.push_str("</dl><p class=\"legend\">");
    match sweep {
        None => body.push_str(
            "In the pictures the area is the share of the calls that begin then and succeed in the end. The bars below are the \
             sends of all calls, and the dashed line is one send for each call. Where it is hatched, something is wrong. ",
        ),
        Some(sweep) => {
            let (field, first, last) = (sweep.field(), sweep.value(0), sweep.value(values - 1));
            let _ = write!(
                body,
                "Each with {values} values of {field}, from {first} to {last}; the sentences above have {first}. In the pictures \
                 a point is hollow where fewer calls succeed than with the best value, by 1 % or more: its time tells less. "
            );
        }
    }
    body.push_str("Headings that are underlined say what they mean.</p>");
}

/// Returns the name of a policy without the value that is swept.
fn swept_name<'a>(spec: &'a Spec, sweep: Option<&Sweep>) -> &'a str {
    let name = &spec.name;
    if sweep.is_some() { name.rsplit_once(' ').map_or(name, |(name, _)| name) } else { name }
}

fn section(body: &mut String, world: &NamedWorld, rows: &[(&Spec, &Summary)], sweep: Option<&Sweep>) {
    let _ = write!(body, "<section><h2>{}</h2>", escaped(&world.name));
    if !world.about.is_empty() {
        let _ = write!(body, "<p>{}</p>", escaped(&world.about));
    }
    let _ = write!(body, "<p class=\"facts\">{}.</p>", escaped(&facts(world)));
    body.push_str("<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">policy</th>");
    for (name, meaning) in COLUMNS {
        let _ = write!(body, "<th scope=\"col\" title=\"{meaning}\">{name}</th>");
    }
    body.push_str("</tr></thead><tbody>");
    for (spec, summary) in rows {
        let _ = write!(body, "<tr><th scope=\"row\">{}</th>", escaped(&spec.name));
        for cell in cells(summary) {
            let _ = write!(body, "<td>{cell}</td>");
        }
        body.push_str("</tr>");
    }
    body.push_str("</tbody></table></div>");
    match sweep {
        Some(sweep) => trade_offs(body, rows, sweep),
        None => charts(body, world, rows),
    }
    body.push_str("</section>");
}

fn charts(body: &mut String, world: &NamedWorld, rows: &[(&Spec, &Summary)]) {
    let scale = Scale::new(&world.world, rows.iter().map(|(_, summary)| *summary));
    body.push_str("<div class=\"charts\">");
    for (spec, summary) in rows {
        let why = reasons(summary);
        let why = if why.is_empty() { "no call fails".into() } else { format!("calls that fail: {why}") };
        let (name, why) = (escaped(&spec.name), escaped(&why));
        let _ = write!(
            body,
            "<figure><b>{name}</b><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{name} over time\">{}</svg>\
             <figcaption>{why}</figcaption></figure>",
            chart::draw(&world.world, summary, &scale)
        );
    }
    body.push_str("</div>");
}

fn trade_offs(body: &mut String, rows: &[(&Spec, &Summary)], sweep: &Sweep) {
    body.push_str("<div class=\"charts\">");
    for points in rows.chunks(sweep.len().max(1)) {
        let labelled: Vec<(String, &Summary)> =
            points.iter().enumerate().map(|(index, (_, summary))| (sweep.value(index), *summary)).collect();
        let name = points.first().map_or("", |(spec, _)| swept_name(spec, Some(sweep)));
        let _ = write!(
            body,
            "<figure><b>{}</b>{}<figcaption>{}: 99 % of the successful calls take at most this, against what it costs</figcaption></figure>",
            escaped(name),
            trade_off::draw(&labelled),
            sweep.field()
        );
    }
    body.push_str("</div>");
}

const PAGE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6570;--paper:#fff;--rule:#d5dae0;--head:#f3f5f7}\
@media(prefers-color-scheme:dark){:root{--ink:#e8ebef;--soft:#a3adb8;--paper:#14181d;--rule:#3a424b;--head:#1d232a}}\
*{box-sizing:border-box}\
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}\
main{max-width:1160px;margin:0 auto;padding:16px}\
h1{font-size:22px;margin:8px 0 12px}h2{font-size:18px;margin:0 0 4px}\
p{margin:4px 0;max-width:75ch}\
section{margin-top:28px;padding-top:20px;border-top:1px solid var(--rule)}\
.facts,.legend,footer,figcaption,dd{color:var(--soft);font-size:13px}\
.policies{display:grid;grid-template-columns:minmax(90px,auto) 1fr;gap:2px 14px;margin:0}\
dt{font-weight:600}.legend{margin-top:10px}dd{margin:0;align-self:center}\
@media(max-width:600px){.policies{grid-template-columns:1fr}dd{margin-bottom:8px}}\
.scroll{overflow-x:auto;margin:12px 0;border:1px solid var(--rule);border-radius:6px}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;white-space:nowrap;font-size:14px}\
th,td{padding:5px 12px;text-align:right}\
th:first-child{text-align:left;position:sticky;left:0;background:var(--paper);font-weight:600}\
thead th{background:var(--head)!important;font-weight:500}\
thead th[title]{text-decoration:underline dotted;text-underline-offset:3px;cursor:help}\
@media(max-width:600px){th:first-child{white-space:normal;max-width:38vw}}\
tbody tr+tr>*{border-top:1px solid var(--rule)}\
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(320px,100%),1fr));gap:18px 24px}\
figure{margin:0}figcaption{padding-left:10%}\
figure svg{width:100%;height:auto;display:block}\
footer{margin-top:28px;border-top:1px solid var(--rule);padding-top:8px}";

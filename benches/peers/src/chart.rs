//! Bar charts as SVG, on a logarithmic scale. They bring their own background, in the colours that the reader's system
//! prefers.

use std::fmt::Write;

/// A chart with one group of bars for each label.
pub struct Chart<'a> {
    pub title: &'a str,
    /// What the scale means.
    pub scale: &'a str,
    /// The names of the bars of a group, if there is more than one.
    pub series: &'a [&'a str],
    pub groups: Vec<Group>,
}

pub struct Group {
    pub label: String,
    /// Draws the bars in the colour of cg-auth.
    pub is_ours: bool,
    /// A value and its text for each of the series.
    pub bars: Vec<Option<(f64, String)>>,
}

impl Chart<'_> {
    pub fn svg(&self) -> String {
        let values =
            || self.groups.iter().flat_map(|group| group.bars.iter().flatten().map(|bar| bar.0.max(LEAST)));
        let (low, high) = (values().fold(1.0, f64::min), values().fold(1.0, f64::max));
        let (low, high) = (low.log10().floor(), high.log10().ceil().max(1.0));
        let x = |value: f64| LEFT + (value.max(LEAST).log10() - low) / (high - low) * (WIDTH - LEFT - RIGHT);
        let height_of = |group: &Group| group.bars.len() as f64 * BAR + GAP;
        let top = if self.series.len() > 1 { TOP + 20.0 } else { TOP };
        let bottom = top + self.groups.iter().map(height_of).sum::<f64>();
        let height = bottom + 34.0;

        let mut svg = String::new();
        writeln!(
            svg,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">
<style>{STYLE}</style>
<rect class="card" width="{WIDTH}" height="{height}" rx="6"/>
<text class="title" x="16" y="26">{title}</text>
<text class="note" x="16" y="44">{scale}</text>"#,
            title = escaped(self.title),
            scale = escaped(self.scale)
        )
        .unwrap();
        self.write_legend(&mut svg);
        for power in low as i32..=high as i32 {
            let (at, value) = (x(10f64.powi(power)), power_of_ten(power));
            writeln!(svg, r#"<path class="grid" d="M{at:.1} {top}V{bottom:.1}"/>"#).unwrap();
            writeln!(svg, r#"<text class="tick" x="{at:.1}" y="{:.1}">{value}</text>"#, bottom + 18.0)
                .unwrap();
        }
        let mut y = top;
        for group in &self.groups {
            let middle = y + (height_of(group) - GAP) / 2.0 + 4.0 + GAP / 2.0;
            let class = if group.is_ours { "ours" } else { "other" };
            writeln!(
                svg,
                r#"<text class="label {class}" x="{:.1}" y="{middle:.1}">{}</text>"#,
                LEFT - 8.0,
                escaped(&group.label)
            )
            .unwrap();
            for (number, bar) in group.bars.iter().enumerate() {
                let at = y + GAP / 2.0 + number as f64 * BAR;
                let end = match bar {
                    Some((value, _)) => x(*value).max(x(1.0).min(LEFT) + 1.0),
                    None => LEFT,
                };
                writeln!(
                    svg,
                    r#"<rect class="bar {class} s{number}" x="{LEFT}" y="{:.1}" width="{:.1}" height="{:.1}"/>"#,
                    at + 1.0,
                    (end - LEFT).max(0.0),
                    BAR - 2.0
                )
                .unwrap();
                let text = bar.as_ref().map_or("–", |(_, text)| text);
                writeln!(
                    svg,
                    r#"<text class="value" x="{:.1}" y="{:.1}">{}</text>"#,
                    end + 5.0,
                    at + BAR - 4.0,
                    escaped(text)
                )
                .unwrap();
            }
            y += height_of(group);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn write_legend(&self, svg: &mut String) {
        if self.series.len() < 2 {
            return;
        }
        for (number, name) in self.series.iter().enumerate() {
            let at = 16.0 + number as f64 * 176.0;
            writeln!(svg, r#"<rect class="bar other s{number}" x="{at}" y="54" width="12" height="12"/>"#)
                .unwrap();
            writeln!(svg, r#"<text class="note" x="{}" y="64">{}</text>"#, at + 18.0, escaped(name)).unwrap();
        }
    }
}

fn power_of_ten(power: i32) -> String {
    match power {
        ..0 => format!("{}", 10f64.powi(power)),
        0..4 => 10_u32.pow(power.unsigned_abs()).to_string(),
        _ => format!("10{}", ["⁴", "⁵", "⁶", "⁷"][(power - 4).min(3).unsigned_abs() as usize]),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

const STYLE: &str = "text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#1f2328}\
.card{fill:#fff;stroke:#d1d9e0}.title{font-size:15px;font-weight:600}.note,.tick{fill:#59636e}.tick{text-anchor:middle}\
.label{text-anchor:end}.label.ours{font-weight:600}.value{font-size:11px}.grid{stroke:#d1d9e0;fill:none}\
.bar.other{fill:#8c959f}.bar.ours{fill:#0969da}.s1{opacity:.75}.s2{opacity:.55}.s3{opacity:.35}\
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.card{fill:#0d1117;stroke:#3d444d}.note,.tick{fill:#9198a1}\
.grid{stroke:#3d444d}.bar.other{fill:#656c76}.bar.ours{fill:#4493f8}}";
const WIDTH: f64 = 760.0;
const LEFT: f64 = 152.0;
const RIGHT: f64 = 96.0;
const TOP: f64 = 58.0;
const BAR: f64 = 15.0;
const GAP: f64 = 9.0;
/// A bar of nothing is as long as this one.
const LEAST: f64 = 0.1;

//! SVG: entities, uses and filters that multiply, depth without end, and what reaches outside.
use super::{Ends, Hostile, of};

/// As the original's fault, whichever.
const REFUSED: Ends = Ends::Refused(&["unsupported_format", "too_large", "corrupt", "truncated"]);

fn drawing(body: &str) -> Vec<u8> {
    format!("<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='64' height='64'>{body}</svg>").into_bytes()
}

/// Each level uses the one before ten times.
fn uses(levels: usize) -> String {
    let level = |number: usize| {
        let ten = format!("<use xlink:href='#g{}'/>", number - 1).repeat(10);
        format!("<g id='g{number}'>{ten}</g>")
    };
    let levels: String = (1..=levels).map(level).collect();
    format!("<defs><rect id='g0' width='1' height='1'/></defs>{levels}")
}

fn laughs() -> Vec<u8> {
    let mut lines = String::new();
    for level in 1..10 {
        let ten = format!("&l{};", level - 1).repeat(10);
        lines += "<!ENTITY l";
        lines += &level.to_string();
        lines = lines + " \"" + &ten + "\">";
    }
    let text = format!(
        "<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY l0 'ha'>{lines}]><svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><desc>&l9;</desc></svg>"
    );
    text.into_bytes()
}

pub(super) fn files() -> Vec<Hostile> {
    let sized = |size: &str| {
        format!("<svg xmlns='http://www.w3.org/2000/svg' {size}><rect width='9' height='9'/></svg>")
            .into_bytes()
    };
    let rect = "<rect width='60' height='60' fill='red' filter='url(#f)'/>";
    let blurs = "<feGaussianBlur stdDeviation='50'/>".repeat(5_001);
    let shapes = "<rect width='1' height='1'/>".repeat(200_001);
    let points = "9 9 L".repeat(2_500_000);
    of("svg", vec![
        ("a billion laughs", laughs(), REFUSED),
        ("an entity from a file", b"<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><desc>&x;</desc></svg>".to_vec(), REFUSED),
        ("side", sized("width='1000000' height='10'"), REFUSED),
        ("pixels", sized("width='16000' height='16000'"), REFUSED),
        ("sizes that are no numbers", sized("width='1e400' height='NaN'"), Ends::Either),
        ("sizes below nothing", sized("width='-5' height='10'"), Ends::Either),
        ("a million uses", drawing(&uses(6)), REFUSED),
        ("uses beyond numbers", drawing(&uses(40)), REFUSED),
        ("uses in a circle", drawing("<g id='a'><use xlink:href='#b'/></g><g id='b'><use xlink:href='#a'/></g>"), Ends::Either),
        ("filters", drawing(&format!("<filter id='f'>{blurs}</filter>{rect}")), REFUSED),
        ("a filter of a huge radius", drawing(&format!("<filter id='f' x='-1000%' y='-1000%' width='9000%' height='9000%'><feGaussianBlur stdDeviation='1e9'/><feMorphology operator='dilate' radius='1e9'/><feTurbulence baseFrequency='1e-9' numOctaves='1000000'/></filter>{rect}")), Ends::Either),
        ("elements", drawing(&shapes), REFUSED),
        ("levels", drawing(&format!("{}{}", "<g>".repeat(100_000), "</g>".repeat(100_000))), REFUSED),
        ("bytes", drawing(&format!("<path d='M0 0 L{points}'/>")), REFUSED),
        ("a pattern of patterns", drawing("<pattern id='p' width='.001' height='.001' patternUnits='userSpaceOnUse'><rect width='1' height='1' fill='url(#p)'/></pattern><rect width='64' height='64' fill='url(#p)'/>"), Ends::Either),
        ("a line of a million dashes", drawing("<path d='M0 0 L1000000000 0' stroke='red' stroke-dasharray='0.0001'/>"), Ends::Either),
        ("a script", drawing("<script>alert(1)</script><rect width='9' height='9' onclick='alert(1)'/>"), Ends::Made),
        ("a picture from outside", drawing("<image xlink:href='http://127.0.0.1:1/a.png' width='9' height='9'/>"), REFUSED),
        ("a file of the machine", drawing("<image xlink:href='file:///etc/passwd' width='9' height='9'/>"), REFUSED),
        ("a style from outside", drawing("<style>@import url(http://127.0.0.1:1/a.css);</style><rect width='9' height='9'/>"), Ends::Either),
        ("text", drawing("<text x='9' y='9'>CANARY-0451-LEAVES-NOWHERE</text>"), REFUSED),
        ("a description", drawing("<desc>CANARY-0451-LEAVES-NOWHERE</desc><rect width='9' height='9'/>"), Ends::Made),
        ("no end", b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><g>".to_vec(), REFUSED),
        ("letters that are none", [&drawing("")[..40], &[0xff, 0xfe, 0, 0][..]].concat(), REFUSED),
    ])
}

//! XMP without what must not travel: places, the orientation that is baked in, thumbnails of the picture before it was cut.
//!
//! The packet is XML from an unknown hand. It is only cut, never written anew; what cannot be followed is refused as a whole.

/// Local names that never travel, whatever their prefix: a second turn, and the uncut picture.
const DROPPED: [&str; 2] = ["Orientation", "Thumbnails"];
/// Deeper nesting is no metadata.
const DEPTH_MAX: usize = 64;

/// The packet without these; `None` if it cannot be followed.
pub fn cleared(packet: &[u8], keeps_place: bool) -> Option<Vec<u8>> {
    cut(packet, &|name| {
        let local = name.rsplit(':').next().unwrap_or(name);
        let place = local
            .get(..3)
            .is_some_and(|start| start.eq_ignore_ascii_case("gps"));
        DROPPED.contains(&local) || (place && !keeps_place)
    })
}

/// The packet without properties of these names, prefix and all; `None` if it cannot be followed.
pub fn without(packet: &[u8], names: &[String]) -> Option<Vec<u8>> {
    cut(packet, &|name| names.iter().any(|dropped| dropped == name))
}

fn cut(packet: &[u8], is_dropped: &dyn Fn(&str) -> bool) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(packet).ok()?;
    let mut cutter = Cutter {
        out: String::with_capacity(text.len()),
        open: Vec::new(),
        cut_at: None,
        is_dropped,
    };
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        cutter.keep(&rest[..start]);
        rest = &rest[start..];
        let len = markup_len(rest)?;
        cutter.markup(&rest[..len])?;
        rest = &rest[len..];
    }
    cutter.keep(rest);
    (cutter.open.is_empty()).then_some(cutter.out.into_bytes())
}

/// Does a packet name a place? For a last look at a file, so any doubt counts as yes.
pub fn names_place(packet: &[u8]) -> bool {
    let (without, with) = (cleared(packet, false), cleared(packet, true));
    without
        .zip(with)
        .is_none_or(|(without, with)| without.len() < with.len())
}

/// Length of a tag, a comment, a section or an instruction at the start of `text`. Declarations could rename things.
fn markup_len(text: &str) -> Option<usize> {
    let until = |end: &str| text.find(end).map(|at| at + end.len());
    if text.starts_with("<!--") {
        return until("-->");
    }
    if text.starts_with("<![CDATA[") {
        return until("]]>");
    }
    if text.starts_with("<?") {
        return until("?>");
    }
    if text.starts_with("<!") {
        return None;
    }
    let mut quote = None;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            // In no tag of XML, quoted or not: once something before it is cut, it could begin one.
            (_, '<') if at > 0 => return None,
            (None, '>') => return Some(at + 1),
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), letter) if letter == open => quote = None,
            _ => {}
        }
    }
    None
}

struct Cutter<'t> {
    out: String,
    open: Vec<&'t str>,
    /// How many elements were open where the one that is being cut began.
    cut_at: Option<usize>,
    is_dropped: &'t dyn Fn(&str) -> bool,
}

impl<'t> Cutter<'t> {
    fn keep(&mut self, text: &str) {
        if self.cut_at.is_none() {
            self.out.push_str(text);
        }
    }

    fn markup(&mut self, tag: &'t str) -> Option<()> {
        if let Some(name) = tag.strip_prefix("</") {
            let name = name.strip_suffix('>')?.trim_end();
            (self.open.pop()? == name).then_some(())?;
            if self.cut_at == Some(self.open.len()) {
                self.cut_at = None;
            } else {
                self.keep(tag);
            }
            return Some(());
        }
        if tag.starts_with("<!") || tag.starts_with("<?") {
            self.keep(tag);
            return Some(());
        }
        let inner = tag.strip_prefix('<')?.strip_suffix('>')?;
        let is_empty = inner.ends_with('/');
        let inner = inner.strip_suffix('/').unwrap_or(inner);
        let name = inner
            .split(char::is_whitespace)
            .next()
            .filter(|name| is_name(name))?;
        if self.cut_at.is_none() && (self.is_dropped)(name) {
            if !is_empty {
                self.cut_at = Some(self.open.len());
            }
        } else {
            let attributes = attributes(&inner[name.len()..])?;
            let kept: Vec<&str> = attributes
                .iter()
                .filter(|(name, _)| !(self.is_dropped)(name))
                .map(|(_, text)| *text)
                .collect();
            if kept.len() == attributes.len() {
                self.keep(tag);
            } else {
                let end = if is_empty { "/>" } else { ">" };
                let mut cut = format!("<{name}");
                for attribute in kept {
                    cut.push(' ');
                    cut.push_str(attribute);
                }
                self.keep(&(cut + end));
            }
        }
        if !is_empty {
            self.open.push(name);
        }
        (self.open.len() <= DEPTH_MAX).then_some(())
    }
}

/// Somewhat more than XML allows, and nothing that begins or ends anything.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || ":_-.".contains(c))
}

/// Names and whole texts of attributes.
fn attributes(mut text: &str) -> Option<Vec<(&str, &str)>> {
    let mut found = Vec::new();
    loop {
        text = text.trim_start();
        if text.is_empty() {
            return Some(found);
        }
        let equals = text.find('=')?;
        let name = text[..equals].trim_end();
        is_name(name).then_some(())?;
        let value = text[equals + 1..].trim_start();
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let end = value[1..].find(quote)? + 2;
        let start = text.len() - value.len();
        found.push((name, &text[..start + end]));
        text = &text[start + end..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: &str = r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>
 <rdf:Description exif:GPSLatitude="48,8N" tiff:Orientation='6' dc:format="image/jpeg" drone-dji:GpsLongtitude = "11.5">
  <dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© A > B</rdf:li></rdf:Alt></dc:rights>
  <exif:GPSLongitude>11,30E</exif:GPSLongitude><e:GPSMapDatum/>
  <xmp:Thumbnails><rdf:Alt><rdf:li xmpGImg:image="AAAA"/></rdf:Alt></xmp:Thumbnails>
 </rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"#;

    fn text(keeps_place: bool) -> String {
        String::from_utf8(cleared(PACKET.as_bytes(), keeps_place).unwrap()).unwrap()
    }

    #[test]
    fn places_turns_and_thumbnails_are_cut_and_the_rest_stays() {
        let kept = text(false);
        assert!(
            kept.contains("© A > B") && kept.contains(r#"<rdf:Description dc:format="image/jpeg">"#),
            "{kept}"
        );
        let lower = kept.to_lowercase();
        assert!(
            !lower.contains("gps") && !kept.contains("Orientation") && !kept.contains("AAAA"),
            "{kept}"
        );
        assert!(kept.ends_with(r#"<?xpacket end="w"?>"#));
    }

    #[test]
    fn place_stays_where_it_is_asked_for() {
        let kept = text(true);
        assert!(
            kept.contains("48,8N") && kept.contains("11,30E") && !kept.contains("Orientation"),
            "{kept}"
        );
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        for packet in [
            "<a><b></a></b>",
            "<a",
            "<!DOCTYPE a [<!ENTITY g 'GPS'>]><a/>",
            "<a b=c/>",
            "<a b='c/>",
            "</a>",
            "<a>",
        ] {
            assert_eq!(cleared(packet.as_bytes(), false), None, "{packet}");
        }
        assert_eq!(cleared(b"\xff\xfe<\0a\0", false), None);
        assert_eq!(cleared("<a>".repeat(100).as_bytes(), false), None);
    }

    #[test]
    fn place_is_seen_in_a_finished_file() {
        assert!(names_place(PACKET.as_bytes()));
        assert!(!names_place(text(false).as_bytes()));
        assert!(names_place(b"<a"));
    }
}

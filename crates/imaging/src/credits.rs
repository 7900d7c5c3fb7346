//! Credits that a recipe writes, as XMP: `dc:rights`, `dc:creator` and `dc:description`, in a packet of their own or in place of
//! the original's in the one that is kept.
use minilab_inspect::xmp;
use minilab_recipe::Written;

/// Properties of Dublin Core that stand for what is written as EXIF, and how each is wrapped.
const PROPERTIES: [(&str, &str, &str); 3] = [
    ("Copyright", "rights", "Alt"),
    ("Artist", "creator", "Seq"),
    ("ImageDescription", "description", "Alt"),
];
const BEFORE: &str = "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
    <x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">";
const RDF_END: &str = "</rdf:RDF>";
const AFTER: &str = "</rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>";

/// The packet of a file: what is kept of the original's, and what is written. `None`: neither is.
pub(crate) fn packet(kept: Option<Vec<u8>>, written: &Written) -> Option<Vec<u8>> {
    let Some(described) = description(written) else {
        return kept;
    };
    let names: Vec<String> = properties(written)
        .map(|(name, ..)| format!("dc:{name}"))
        .collect();
    let kept = kept.and_then(|packet| xmp::without(&packet, &names));
    let joined = kept.and_then(|packet| {
        let text = String::from_utf8(packet).ok()?;
        let end = text.rfind(RDF_END)?;
        Some([&text[..end], &described, &text[end..]].concat())
    });
    // A packet with other names for things is no place to write into: what is written is worth more.
    Some(
        joined
            .unwrap_or_else(|| [BEFORE, &described, AFTER].concat())
            .into_bytes(),
    )
}

fn properties(written: &Written) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
    written.texts().filter_map(|(exif, text)| {
        let (_, name, wrapped) = PROPERTIES.iter().find(|(known, ..)| *known == exif)?;
        Some((*name, *wrapped, text))
    })
}

fn description(written: &Written) -> Option<String> {
    let property = |(name, wrapped, value): (&str, &str, &str)| {
        let language = if wrapped == "Alt" {
            " xml:lang=\"x-default\""
        } else {
            ""
        };
        let value = escaped(value);
        format!("<dc:{name}><rdf:{wrapped}><rdf:li{language}>{value}</rdf:li></rdf:{wrapped}></dc:{name}>")
    };
    let all: Vec<String> = properties(written).map(property).collect();
    (!all.is_empty()).then(|| {
        format!(
            "<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">{}</rdf:Description>",
            all.concat()
        )
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Written {
        Written {
            copyright: Some("(C) A & B <c>".to_owned()),
            artist: Some("Ada".to_owned()),
            ..Written::default()
        }
    }

    fn value(packet: &[u8], name: &str) -> Vec<String> {
        let text = std::str::from_utf8(packet).unwrap();
        let text = text.trim_start_matches('\u{feff}');
        let parsed = roxmltree::Document::parse(text).unwrap();
        let dc = "http://purl.org/dc/elements/1.1/";
        let found = parsed.descendants().filter(|node| node.has_tag_name((dc, name)));
        found
            .flat_map(|node| node.descendants())
            .filter(roxmltree::Node::is_text)
            .filter_map(|node| node.text().map(str::to_owned))
            .collect()
    }

    #[test]
    fn what_is_written_is_a_packet_that_readers_understand() {
        let packet = packet(None, &written()).unwrap();
        assert_eq!(value(&packet, "rights"), ["(C) A & B <c>"]);
        assert_eq!(value(&packet, "creator"), ["Ada"]);
        assert!(value(&packet, "description").is_empty());
    }

    #[test]
    fn what_is_written_takes_the_place_of_what_was_kept_and_nothing_elses() {
        let kept = "<x:xmpmeta xmlns:x='adobe:ns:meta/'>\
            <rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
            <rdf:Description xmlns:dc='http://purl.org/dc/elements/1.1/' dc:creator='Eve'>\
            <dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>Eve</rdf:li></rdf:Alt></dc:rights>\
            <dc:title>Kept</dc:title></rdf:Description></rdf:RDF></x:xmpmeta>";
        let packet = packet(Some(kept.as_bytes().to_vec()), &written()).unwrap();
        assert_eq!(value(&packet, "rights"), ["(C) A & B <c>"]);
        assert_eq!(value(&packet, "title"), ["Kept"]);
        assert!(!String::from_utf8(packet).unwrap().contains("Eve"));
    }

    #[test]
    fn nothing_is_written_where_nothing_is_asked() {
        assert_eq!(packet(None, &Written::default()), None);
        let dpi = Written {
            dpi: Some(72),
            ..Written::default()
        };
        assert_eq!(packet(Some(b"<a/>".to_vec()), &dpi), Some(b"<a/>".to_vec()));
    }

    #[test]
    fn a_packet_that_names_things_otherwise_makes_way() {
        let strange = b"<x><r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/></x>".to_vec();
        let packet = packet(Some(strange), &written()).unwrap();
        assert_eq!(value(&packet, "rights"), ["(C) A & B <c>"]);
    }
}

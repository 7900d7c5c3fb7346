//! How much is drawn when all references are followed: an element that is used is drawn again with all that is in it, and
//! a few lines of such uses within uses are a billion elements.
use std::collections::HashMap;

use roxmltree::Node;

use super::{allowed, name, reference};
use crate::{Error, Result, limits};

/// Elements with every use of them.
const DRAWN_MAX: u64 = 200_000;
/// Filters' steps with every use of them: each may be a pass over the whole canvas.
const FILTERED_MAX: u64 = 5_000;

/// What an element comes to.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    drawn: u64,
    filtered: u64,
}

impl Cost {
    fn add(&mut self, other: Self) {
        self.drawn = self.drawn.saturating_add(other.drawn);
        self.filtered = self.filtered.saturating_add(other.filtered);
    }
}

pub(super) fn check(root: Node<'_, '_>) -> Result<()> {
    let by_id = root
        .descendants()
        .filter_map(|node| node.attribute("id").map(|id| (id, node)))
        .collect();
    let mut counter = Counter {
        by_id,
        known: HashMap::new(),
    };
    let mut cost = counter.count(root, 0)?;
    // What a style sheet refers to may be said of every element.
    for sheet in root.descendants().filter(|node| name(*node) == Some("style")) {
        for id in sheet
            .descendants()
            .filter_map(|node| node.text())
            .flat_map(in_urls)
        {
            if let Some(&target) = counter.by_id.get(id) {
                let once = counter.count(target, 0)?;
                let elements = cost.drawn;
                cost.add(Cost {
                    drawn: once.drawn.saturating_mul(elements),
                    filtered: once.filtered.saturating_mul(elements),
                });
            }
        }
    }
    limits::within("elements with all their uses", cost.drawn, DRAWN_MAX)?;
    limits::within(
        "steps of filters with all their uses",
        cost.filtered,
        FILTERED_MAX,
    )
}

struct Counter<'a, 'i> {
    by_id: HashMap<&'a str, Node<'a, 'i>>,
    /// `None` while an element is being counted: whoever meets it then is part of itself.
    known: HashMap<roxmltree::NodeId, Option<Cost>>,
}

impl<'a, 'i> Counter<'a, 'i> {
    fn count(&mut self, node: Node<'a, 'i>, depth: u32) -> Result<Cost> {
        match self.known.get(&node.id()) {
            Some(Some(cost)) => return Ok(*cost),
            Some(None) => return Err(Error::unsupported("an SVG drawing that is a part of itself")),
            None => {}
        }
        limits::within("elements within elements", depth.into(), super::DEPTH_MAX.into())?;
        self.known.insert(node.id(), None);
        let is_step = name(node).is_some_and(allowed::is_filter_step);
        let mut cost = Cost {
            drawn: 1,
            filtered: u64::from(is_step),
        };
        for child in node.children().filter(Node::is_element) {
            cost.add(self.count(child, depth + 1)?);
        }
        for id in referred(node) {
            if let Some(&target) = self.by_id.get(id) {
                cost.add(self.count(target, depth + 1)?);
            }
        }
        self.known.insert(node.id(), Some(cost));
        Ok(cost)
    }
}

/// Identifiers of what an element draws besides its own: by `href` and by `url(#...)` in any attribute.
fn referred<'a>(node: Node<'a, '_>) -> Vec<&'a str> {
    let mut ids: Vec<&str> = reference(node)
        .and_then(|href| href.strip_prefix('#'))
        .into_iter()
        .collect();
    ids.extend(node.attributes().flat_map(|attribute| in_urls(attribute.value())));
    ids
}

/// Identifiers in `url(#...)`.
fn in_urls(value: &str) -> Vec<&str> {
    let places = value.match_indices('#').filter(|(at, _)| {
        let before = value[..*at].trim_end_matches(['"', '\'', ' ']);
        before.to_ascii_lowercase().ends_with("url(")
    });
    places
        .filter_map(|(at, _)| value[at + 1..].split(['"', '\'', ')', ' ']).next())
        .collect()
}

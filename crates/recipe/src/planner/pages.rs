//! Pages: an original with several has a trunk, and a tree, for each that the recipe shows.
use super::target::Target;
use super::{cost, tree, trunk};
use crate::{Decode, Node, Original, PlannedFile, Predicted, Recipe, Refusal, Source};

/// What all pages come to.
pub(super) struct Grown {
    /// Of the first that is shown, and of the others.
    pub decode: Decode,
    pub further: Vec<Decode>,
    pub nodes: Vec<Node>,
    /// Page by page.
    pub files: Vec<PlannedFile>,
    pub predicted: Predicted,
}

/// Trunks and trees of targets that come page by page.
pub(super) fn grow(
    recipe: &Recipe,
    original: &Original,
    targets: &[Target],
    analysed: bool,
) -> Result<Grown, Refusal> {
    let mut pages: Vec<&[Target]> = targets.chunk_by(|one, other| one.page == other.page).collect();
    // Placeholders are those of the first page, and a plan without files is one of the first page.
    if pages
        .first()
        .is_none_or(|targets| analysed && targets[0].page > 0)
    {
        pages.insert(0, &[]);
    }
    let mut all = page(recipe, original, pages[0], analysed)?;
    for targets in &pages[1..] {
        let one = page(recipe, original, targets, false)?;
        let (below, number) = (all.nodes.len(), all.further.len());
        let moved = |from: Source| match from {
            Source::Node(index) => Source::Node(below + index),
            Source::Trunk | Source::Page(_) => Source::Page(number),
        };
        all.further.push(one.decode);
        all.nodes.extend(one.nodes.into_iter().map(|node| Node {
            from: moved(node.from),
            ..node
        }));
        all.files.extend(one.files.into_iter().map(|file| PlannedFile {
            from: moved(file.from),
            ..file
        }));
        all.predicted.memory_bytes += one.predicted.memory_bytes;
        all.predicted.cpu_ms += one.predicted.cpu_ms;
    }
    Ok(all)
}

/// One page as if it were alone.
fn page(recipe: &Recipe, original: &Original, targets: &[Target], analysed: bool) -> Result<Grown, Refusal> {
    let number = targets.first().map_or(0, |target| target.page);
    let seen = original
        .of_page(number)
        .expect("targets are of pages whose header is known");
    let mut decode = trunk::choose(recipe, &seen, targets, analysed);
    if number > 0 {
        decode.page = number;
    }
    recipe.accept.frames(&seen.probe, decode.frames)?;
    let (nodes, sources) = tree::grow(&decode, targets);
    let files = targets.iter().zip(sources).flat_map(|(target, from)| {
        let files = target.files.iter().cloned();
        files.map(move |file| PlannedFile { from, ..file })
    });
    let files: Vec<PlannedFile> = files.collect();
    let predicted = cost::predict(&seen.probe, &decode, &nodes, &files);
    Ok(Grown {
        decode,
        further: Vec::new(),
        nodes,
        files,
        predicted,
    })
}

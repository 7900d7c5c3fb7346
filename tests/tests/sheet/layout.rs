//! Where everything lies on the sheet: pairs of pictures in rows, each with its caption below. Scaled, captioned and encoded by the
//! program.
use std::{fs, path::Path};

use serde_json::{Map, Value, json};

use crate::{
    lab::{self, Order},
    picture::Picture,
    rows::Row,
};

/// One picture of a pair.
const WIDTH: u32 = 98;
const HEIGHT: u32 = 78;
/// A pair, with the gap to the next.
const PAIR: u32 = 2 * WIDTH + 8;
const CAPTION: u32 = 26;
const LINE: u32 = HEIGHT + CAPTION + 8;
const ACROSS: u32 = 8;
const MARGIN: u32 = 12;
const TITLE: u32 = 40;
const GROUND: [u8; 3] = [38, 40, 46];
/// Transparency shows on two greys.
const SQUARES: [u8; 2] = [120, 150];
const SQUARE: u32 = 6;
const PLAIN: &str = "#f2f2f2";
const EXCUSED: &str = "#ffd166";
/// Text stays legible, and all of it light.
const QUALITY: u32 = 48;

/// The whole, as WebP.
pub fn sheet(cases: &[Row], examples: &[Row]) -> Vec<u8> {
    let lines = |rows: &[Row]| (rows.len() as u32).div_ceil(ACROSS) * LINE;
    let width = 2 * MARGIN + ACROSS * PAIR - 8;
    let height = 2 * (TITLE + MARGIN) + lines(cases) + lines(examples);
    let mut sheet = Picture::opaque(width, height, GROUND);
    let world = tempfile::tempdir().unwrap();
    let mut top = 0;
    for (title, rows) in [
        (
            "Left: minilab. Right: sharp, by the same operations. Below: SSIMULACRA2 and the greatest difference of 255; yellow: a stated reason",
            cases,
        ),
        (
            "Left: the examples of the reference, as written. Right: the same recipe as PNG",
            examples,
        ),
    ] {
        let titles = [(
            "title".to_owned(),
            width - 2 * MARGIN,
            TITLE,
            vec![text(title, "west", 15, PLAIN)],
        )];
        sheet.stamp(&written(world.path(), &titles)[0], MARGIN, top);
        top += TITLE;
        let captions: Vec<_> = rows.iter().map(caption).collect();
        let captions = written(world.path(), &captions);
        let small = scaled(world.path(), rows);
        for (index, (caption, pair)) in (0_u32..).zip(captions.iter().zip(small.chunks(2))) {
            let (left, top) = (MARGIN + index % ACROSS * PAIR, top + index / ACROSS * LINE);
            for (place, picture) in (0_u32..).zip(pair) {
                let (x, y) = ((WIDTH - picture.width) / 2, (HEIGHT - picture.height) / 2);
                sheet.stamp(&shown(picture), left + place * WIDTH + x, top + y);
            }
            sheet.stamp(caption, left, top + HEIGHT);
        }
        top += lines(rows) + MARGIN;
    }
    encoded(world.path(), &sheet)
}

fn order(name: String, original: impl AsRef<Path>, derivative: Value) -> Order {
    let derivatives = Map::from_iter([("made".to_owned(), derivative)]);
    Order {
        name,
        original: original.as_ref().to_owned(),
        recipe: Map::from_iter([("derivatives".to_owned(), derivatives.into())]),
    }
}

fn text(value: &str, gravity: &str, size: u32, colour: &str) -> Value {
    json!({ "text": { "value": value, "gravity": gravity, "size": size, "colour": colour, "max_width": 10_000 } })
}

fn caption(row: &Row) -> (String, u32, u32, Vec<Value>) {
    let colour = if row.excused { EXCUSED } else { PLAIN };
    let distance = format!("{:.1}   {}", row.distance.score, row.distance.max);
    let lines = vec![
        text(&row.name, "northwest", 11, colour),
        text(&distance, "southwest", 11, colour),
    ];
    (format!("caption-{}", row.name), 2 * WIDTH, CAPTION, lines)
}

/// Plates of a width and height with texts on them.
fn written(world: &Path, plates: &[(String, u32, u32, Vec<Value>)]) -> Vec<Picture> {
    let orders: Vec<Order> = plates
        .iter()
        .map(|(name, width, height, steps)| {
            let blank = world.join(format!("blank-{width}x{height}.png"));
            fs::write(&blank, Picture::opaque(*width, *height, GROUND).png()).unwrap();
            order(
                name.clone(),
                &blank,
                json!({ "steps": steps, "formats": ["png"] }),
            )
        })
        .collect();
    let made = lab::render(&orders);
    orders
        .iter()
        .map(|order| Picture::read(&lab::only(&made, &order.name)))
        .collect()
}

/// Both pictures of each row, as large as there is room.
fn scaled(world: &Path, rows: &[Row]) -> Vec<Picture> {
    let orders: Vec<Order> = rows
        .iter()
        .flat_map(|row| [("made", row, &row.made), ("beside", row, &row.beside)])
        .map(|(side, row, picture)| {
            let name = format!("{side}-{}", row.name);
            let path = world.join(format!("{name}.png"));
            fs::write(&path, picture.png()).unwrap();
            let resize = json!({ "width": WIDTH, "height": HEIGHT, "fit": "inside" });
            order(name, &path, json!({ "resize": resize, "formats": ["png"] }))
        })
        .collect();
    let made = lab::render(&orders);
    orders
        .iter()
        .map(|order| Picture::read(&lab::only(&made, &order.name)))
        .collect()
}

/// On squares, where it is transparent.
fn shown(picture: &Picture) -> Picture {
    picture.map(|x, y| {
        let [samples @ .., alpha] = picture.at(x, y);
        let ground = SQUARES[((x / SQUARE + y / SQUARE) % 2) as usize];
        let mix = |sample: u8| {
            ((u32::from(sample) * u32::from(alpha) + u32::from(ground) * (255 - u32::from(alpha))) / 255)
                as u8
        };
        let [red, green, blue] = samples.map(mix);
        [red, green, blue, 255]
    })
}

fn encoded(world: &Path, sheet: &Picture) -> Vec<u8> {
    let path = world.join("sheet.png");
    fs::write(&path, sheet.png()).unwrap();
    let webp = json!({ "formats": ["webp"], "encodings": { "webp": { "quality": QUALITY, "effort": 6 } } });
    let order = order("sheet".to_owned(), &path, webp);
    lab::only(&lab::render(&[order]), "sheet")
}

//! The configuration: written by operators, who paste; and with rules per tenant, not by one alone.
use minilab_recipe::Document;

/// A text is a document or a list of problems, each with a place in the text, whichever way it is shown; the same text is the same.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let environment = |name: &str| (name == "SET").then(|| "0123456789abcdef".to_owned());
    match Document::parse("minilab.yaml", text, &environment) {
        Ok(document) => {
            let again = Document::parse("minilab.yaml", text, &environment).expect("it was read before");
            assert_eq!(document.digest(), again.digest());
            for recipe in document.recipes.values() {
                assert!(
                    !recipe.rungs().is_empty() || recipe.derivatives().is_empty(),
                    "{recipe:?}"
                );
            }
            let _ = document.decide("uploads/a.jpg");
        }
        Err(diagnostics) => {
            assert!(!diagnostics.problems().is_empty(), "refused without a reason");
            for problem in diagnostics.problems() {
                let (line, column) = diagnostics.position(problem);
                assert!(
                    line >= 1 && column >= 1 && line <= text.matches('\n').count() + 1,
                    "{problem:?}"
                );
                assert!(
                    problem.span.start <= problem.span.end && problem.span.end <= text.len(),
                    "{problem:?}"
                );
            }
            assert!(!diagnostics.render().is_empty());
            assert!(diagnostics.to_json().is_array());
        }
    }
    // Of a document that only has recipes: the same readers behind another door.
    let _ = Document::parse_recipes("recipes.yaml", text, &environment);
}

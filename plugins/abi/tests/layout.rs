//! The header and this crate say the same: C prints its layout, and it is compared member by member.

mod common;

use std::collections::BTreeMap;
use std::mem::offset_of;
use std::path::PathBuf;
use std::process::Command;

use common::{compile, compiler, folder};
use fenchel_plugin_abi::*;

macro_rules! layout {
    ($lines:ident, $c:literal, $table:ident { $($member:ident),* }) => {
        $lines.insert($c.to_string(), size_of::<$table>());
        $($lines.insert(format!("{}.{}", $c, stringify!($member)), offset_of!($table, $member));)*
    };
}

#[test]
fn every_struct_is_laid_out_as_in_c() {
    let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("layout");
    compile(&compiler("CC", "cc"), &["-std=c99"], &folder("tests/layout.c"), &program);
    let output = Command::new(&program).output().expect("a program just built runs");
    let text = String::from_utf8(output.stdout).unwrap();
    let in_c: BTreeMap<String, usize> = text
        .lines()
        .map(|line| {
            let (name, number) = line.split_once(' ').unwrap();
            (name.to_string(), number.parse().unwrap())
        })
        .collect();
    let mut lines = BTreeMap::new();
    layout!(
        lines,
        "fenchel_error",
        Error { size, message, message_capacity, path, path_capacity, sample }
    );
    layout!(
        lines,
        "fenchel_card",
        Card { size, name, summary, formula, method, combines, example, source, schema }
    );
    layout!(
        lines,
        "fenchel_space",
        Space { size, features, outputs, host, feature, groups, table_column, matrix }
    );
    layout!(
        lines,
        "fenchel_penalty_type",
        PenaltyType { size, card, create, destroy, value, convexity, capability }
    );
    layout!(lines, "fenchel_prox", Prox { size, prox });
    layout!(lines, "fenchel_separable", Separable { size, values, proxes, subdiff_dists, prox_at });
    layout!(lines, "fenchel_blocks", Blocks { size, groups, values, proxes, subdiff_dists });
    layout!(lines, "fenchel_subdifferential", Subdifferential { size, subdiff_dist });
    layout!(lines, "fenchel_conjugate", Conjugate { size, conjugate, dual_scale });
    layout!(lines, "fenchel_dual_norm", DualNorm { size, dual_norm });
    layout!(lines, "fenchel_zero_threshold", ZeroThreshold { size, zero_threshold });
    layout!(lines, "fenchel_elementary", Elementary { size, scalars });
    layout!(lines, "fenchel_lineality", Lineality { size, kind, coordinates, basis });
    layout!(lines, "fenchel_scaled", Scaled { size, scaled });
    layout!(
        lines,
        "fenchel_samples",
        Samples {
            size,
            samples,
            kind,
            values,
            columns,
            classes,
            labels,
            class_count,
            time,
            event,
            weights,
            subjects
        }
    );
    layout!(
        lines,
        "fenchel_fit_type",
        FitType { size, destroy, outputs, takes_intercept, value, capability }
    );
    layout!(
        lines,
        "fenchel_loss_type",
        LossType { size, card, create, destroy, reads, bind, fit, capability }
    );
    layout!(lines, "fenchel_predictor", Predictor { size, columns, response, classes, deviance });
    layout!(lines, "fenchel_smooth", Smooth { size, gradient, hessian_bound });
    layout!(lines, "fenchel_curvature", Curvature { size, form, curvature });
    layout!(lines, "fenchel_fit_conjugate", FitConjugate { size, conjugate });
    layout!(lines, "fenchel_fit_prox", FitProx { size, prox });
    layout!(
        lines,
        "fenchel_own",
        Own { size, count, start, intercepts, intercept, extras, extra_name, extra }
    );
    layout!(
        lines,
        "fenchel_plugin",
        Plugin { size, magic, abi, flags, reserved, name, version, penalty, loss }
    );
    assert_eq!(lines, in_c);
}

#[test]
fn every_struct_and_member_of_the_header_is_compared() {
    let header = std::fs::read_to_string(folder("../include/fenchel_plugin.h")).unwrap();
    let listed = std::fs::read_to_string(folder("tests/layout.c")).unwrap();
    let mut inside: Option<&str> = None;
    let mut members = 0;
    for line in header.lines() {
        if let Some(name) = line.strip_prefix("typedef struct ").and_then(|l| l.strip_suffix(" {"))
        {
            assert!(listed.contains(&format!("STRUCT({name});")), "{name} is not compared");
            inside = Some(name);
        } else if line.starts_with('}') {
            inside = None;
        } else if let Some(name) = inside.filter(|_| !line.trim_start().starts_with('*')) {
            let Some(member) = member(line) else { continue };
            let expected = format!("MEMBER({name}, {member});");
            assert!(listed.contains(&expected), "{name}.{member} is not compared");
            members += 1;
        }
    }
    assert!(members > 100, "only {members} members were seen");
}

/// The member that a line of a struct declares, if it declares one.
fn member(line: &str) -> Option<&str> {
    if let Some((_, rest)) = line.split_once("(*") {
        return rest.split_once(')').map(|(name, _)| name);
    }
    let declaration = line.strip_prefix("    ")?.split_once(';')?.0;
    let starts = declaration.starts_with(|c: char| c.is_ascii_lowercase());
    let name = declaration.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next()?;
    (starts && !declaration.contains(')')).then_some(name)
}

#[test]
fn the_numbers_of_the_header_are_these() {
    let header = std::fs::read_to_string(folder("../include/fenchel_plugin.h")).unwrap();
    let number = |name: &str| {
        let line = header.lines().find(|l| l.starts_with(&format!("#define FENCHEL_{name} ")));
        let text = line.unwrap_or_else(|| panic!("no FENCHEL_{name}")).split_whitespace().nth(2);
        let text = text.unwrap().trim_end_matches('u');
        match text.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16).unwrap(),
            None => text.parse().unwrap(),
        }
    };
    assert_eq!([number("ABI"), number("MAGIC"), number("ABORTS")], [ABI, MAGIC, ABORTS]);
    macro_rules! same {
        ($($name:ident)*) => {
            $(assert_eq!(number(stringify!($name)), $name as u32, stringify!($name));)*
        };
    }
    same! {
        OK INVALID UNSUPPORTED FAILED PANIC
        CONVEX WEAKLY_CONVEX NONCONVEX
        TRIVIAL COORDINATES BASIS EVERYTHING
        NUMBER NUMBERS TWO_CLASSES CLASSES SURVIVAL
        CURVATURE_CONSTANT CURVATURE_DIAGONAL CURVATURE_BLOCKS CURVATURE_APPROXIMATE
        CURVATURE_RANK_ONE CURVATURE_TRIDIAGONAL
    }
}

#[test]
fn the_ids_of_the_header_are_these() {
    let header = std::fs::read_to_string(folder("../include/fenchel_plugin.h")).unwrap();
    fn id<C: Capability>() -> String {
        format!("\"{}\" /* revision {} */", C::ID.to_str().unwrap(), C::REVISION)
    }
    let ids = [
        id::<Prox>(),
        id::<Separable>(),
        id::<Blocks>(),
        id::<Subdifferential>(),
        id::<Conjugate>(),
        id::<DualNorm>(),
        id::<ZeroThreshold>(),
        id::<Elementary>(),
        id::<Lineality>(),
        id::<Scaled>(),
        id::<Predictor>(),
        id::<Smooth>(),
        id::<Curvature>(),
        id::<FitConjugate>(),
        id::<FitProx>(),
        id::<Own>(),
    ];
    for id in &ids {
        assert!(header.contains(id.as_str()), "{id}");
    }
    assert_eq!(header.matches("/* revision ").count(), ids.len());
}

#[test]
fn the_header_compiles_without_a_warning_as_c99_c11_and_cpp17() {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let source = target.join("header.c");
    let twin = target.join("header.cpp");
    let text = "#include \"fenchel_plugin.h\"\nint main(void) { return 0; }\n";
    std::fs::write(&source, text).unwrap();
    std::fs::write(&twin, text).unwrap();
    for standard in ["-std=c99", "-std=c11"] {
        compile(&compiler("CC", "cc"), &[standard], &source, &target.join("header-c"));
    }
    compile(&compiler("CXX", "c++"), &["-std=c++17"], &twin, &target.join("header-cpp"));
}

#[test]
fn a_struct_of_an_older_header_is_read_as_far_as_it_goes() {
    #[repr(C)]
    struct Older {
        size: usize,
        value: usize,
    }
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Newer {
        size: usize,
        value: usize,
        more: Option<extern "C" fn()>,
    }
    // SAFETY: `size` is first, and zero is valid for a number and an absent function.
    #[allow(unsafe_code)]
    unsafe impl Table for Newer {}
    #[allow(unsafe_code)]
    // SAFETY: `Older` is a revision of `Newer` whose size ends before `more`.
    let read = |older: &Older| unsafe { Newer::read(std::ptr::from_ref(older).cast()) };
    let newer = read(&Older { size: size_of::<Older>(), value: 7 }).unwrap();
    assert_eq!((newer.size, newer.value, newer.more.is_none()), (16, 7, true));
    assert!(read(&Older { size: 4, value: 7 }).is_none());
    #[allow(unsafe_code)]
    // SAFETY: null is allowed.
    let none = unsafe { Newer::read(std::ptr::null()) };
    assert!(none.is_none());
}

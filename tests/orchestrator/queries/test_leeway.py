"""What queries leave open, and the same queries with that settled."""

import pytest

from orchestrator.queries.leeway import read_leeway, settle

NAMES = ("a", "b")

SETTLED = [
    ("select a, b from t", "select a, b from t", ()),
    ("select a, b from t order by 2 desc, a", "select a, b from t order by 2 desc, a", (1, 0)),
    (
        "select a, b from t order by c desc nulls last, lower(b), t.a collate \"C\" asc",
        "select a, b, (c) AS mediabase_key_1, (lower(b)) AS mediabase_key_2, (t.a collate \"C\") AS mediabase_key_3 "
        "from t order by c desc nulls last, lower(b), t.a collate \"C\" asc",
        (2, 3, 4),
    ),
    ('select a, b from t order by "B", A', 'select a, b, ("B") AS mediabase_key_1 from t order by "B", A', (2, 0)),
    ("select a, b from t order by c using >", "select a, b, (c) AS mediabase_key_1 from t order by c using >", (2,)),
    ("select a, b from t order /* x */ by a offset 2 rows", "select a, b from t order /* x */ by a ", (0,)),
    ("select a, b from t fetch first 3 rows only", "select a, b from t ", ()),
    ("(select a, b from t order by c limit 3)", "(select a, b, (c) AS mediabase_key_1 from t order by c )", (2,)),
    ("(select a, b from t limit 3) order by a", "(select a, b from t limit 3) order by a", (0,)),
    ("select a, b from t union values (1, 2) limit 1", "select a, b from t union values (1, 2) ", ()),
    (
        "with x as (select 1 order by 1 limit 3) select a is distinct from 1, b -- last\nfrom x order by z",
        "with x as (select 1 order by 1 limit 3) select a is distinct from 1, b, (z) AS mediabase_key_1 -- last\n"
        "from x order by z",
        (2,),
    ),
    (
        "select distinct on (a, lower(c)) a, b from t order by a, lower(c), d desc",
        "select  a, b, (lower(c)) AS mediabase_key_1, (d) AS mediabase_key_2 from t order by a, lower(c), d desc",
        (0, 2, 3),
    ),
    ("select 1 as limit, t.order, 'order by x' from t", "select 1 as limit, t.order, 'order by x' from t", ()),
    ("values (1, 2), (3, 4) order by 1", "values (1, 2), (3, 4) order by 1", (0,)),
    (
        "select a, string_agg(b, ', ') from t group by a",
        "select a, string_agg(b, ', ' ORDER BY (b)::text COLLATE \"C\") from t group by a",
        (),
    ),
    (
        "select a, b from t order by array_agg(é || x) filter (where c)",
        "select a, b, (array_agg(é || x ORDER BY (é || x)::text COLLATE \"C\") filter (where c)) AS mediabase_key_1 "
        "from t order by array_agg(é || x ORDER BY (é || x)::text COLLATE \"C\") filter (where c)",
        (2,),
    ),
    (
        "select array_agg(a order by b), array_agg(distinct a), jsonb_agg(a) over (), array[1, 2], json_agg(a) filter "
        "(where b) over () from t",
        "select array_agg(a order by b), array_agg(distinct a), jsonb_agg(a) over (), array[1, 2], json_agg(a) filter "
        "(where b) over () from t",
        (),
    ),
    (
        "select array(select a from u), array(select a from u order by b), array(select 1 limit 1) from t",
        "select array(select a from u ORDER BY 1), array(select a from u order by b), array(select 1 limit 1) from t",
        (),
    ),
]  # fmt: skip

NOT_SETTLED = [
    "select a, b from t union select 1, 2 order by c",
    "(select a, b from t limit 3) order by c",
    "select distinct on (a) a, b from t",
    "select distinct on (a, c) a, b from t order by a",
]


@pytest.mark.parametrize(("query", "text", "keys"), SETTLED)
def test_settled(query: str, text: str, keys: tuple[int, ...]) -> None:
    """Nothing is left out, sort keys are in the result, and aggregates have an order; all else stays as it is."""
    found = settle(query, NAMES)
    assert found
    assert (found.text, found.keys) == (text, keys)


@pytest.mark.parametrize(
    ("query", "left_out"),
    [
        ("select a from t order by a", (0, "")),
        ("select a from t LIMIT  (select 1) offset 2", (0, "limit (select 1) offset 2")),
        ("select distinct on (a, lower(b)) a from t order by 1, lower(b) limit 1", (2, "limit 1")),
    ],
)
def test_what_is_left_out(query: str, left_out: tuple[int, str]) -> None:
    """It must be the same on both sides."""
    found = settle(query, ("a",))
    assert found
    assert found.left_out == left_out


@pytest.mark.parametrize("query", NOT_SETTLED)
def test_what_cannot_be_settled(query: str) -> None:
    """Sort keys, or what rows are distinct on, cannot be put into the result."""
    assert settle(query, NAMES) is None


@pytest.mark.parametrize(
    ("query", "is_ordered", "has_limit", "has_aggregates"),
    [
        ("select a from t", False, False, False),
        ("select a from (select a from t order by 1 limit 1) as s", False, False, False),
        ("select rank() over (order by a), percentile_cont(0.5) within group (order by a) from t", False, False, False),
        ("select a from t order by a", True, False, False),
        ("select a from t limit all", False, True, False),
        ("select distinct on (a) a from t", False, True, False),
        ("select distinct a, string_agg(b, ',') from t", False, False, True),
        ("with x as (select array_agg(b) from t) select * from x order by 1 offset 1", True, True, True),
        ("select 1 as offset, t.fetch from t", False, False, False),
    ],
)
def test_what_is_open(query: str, is_ordered: bool, has_limit: bool, has_aggregates: bool) -> None:
    """Of the outermost level; aggregates of every one."""
    found = read_leeway(query)
    assert (found.is_ordered, found.has_limit, found.has_aggregates) == (is_ordered, has_limit, has_aggregates)


@pytest.mark.parametrize(
    ("query", "others"),
    [
        ("select row_number() over (order by a), lag(a) over w from t", ("row_number()", "lag()")),
        ("select lag, a as lead from t", ()),
        ("select a from (select distinct on (a) a from t) as s", ("a DISTINCT ON inside",)),
        ("select distinct on (a) a from t limit 3", ()),
        ("select a from t where a in (select b from u order by c limit 3) limit 3", ("a LIMIT inside",)),
    ],
)
def test_what_cannot_be_told(query: str, others: tuple[str, ...]) -> None:
    """It is named, so that a difference can be judged."""
    assert read_leeway(query).others == others


@pytest.mark.parametrize(
    ("query", "is_filled_in"),
    [
        ("select a from t where a = :'symbol'", True),
        ("select a from t where a = :limit", True),
        ("select a from t where a = %s", True),
        ("select a from t where a = %(symbol)s", True),
        ("select a from ${TABLE}", True),
        ("select a from t where a = $1", True),
        ("select a::text, b[1:2], '%s :x $1', $tag$ :x $tag$, @ -1 from t where a like '%s' -- :x", False),
    ],
)
def test_placeholders(query: str, is_filled_in: bool) -> None:
    """Those of psql, of drivers, of shells and of PREPARE."""
    assert read_leeway(query).has_placeholders is is_filled_in


def test_names_functions_and_clocks() -> None:
    """As PostgreSQL folds them; what is quoted or a column is no clock."""
    found = read_leeway(
        'select Now(), "Odd"(a), CURRENT_DATE, t.user, "current_user" from public.T where b = \'now()\''
    )
    assert {"now", "Odd", "t", "public", "a", "b"} <= found.names
    assert {"now", "Odd"} <= found.functions
    assert "b" not in found.functions
    assert found.clocks == {"current_date"}
    assert not found.makes_table
    assert read_leeway("select a into temp x from t").makes_table

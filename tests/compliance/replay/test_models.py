"""Every table is a fact, or is built again from the facts, or says why not."""

from django.apps import apps

from compliance.replay.exceptions import EXCEPTIONS
from qenex.kernel.projections import Table, projectors

PROJECTED: dict[str, Table] = {table.name: table for each in projectors() for table in each.tables}


def tables() -> dict[str, set[str]]:
    """The tables of all models, those of the libraries included, with their columns."""
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    return {
        model._meta.db_table: {str(field.column) for field in model._meta.concrete_fields}
        for model in models
        if not model._meta.proxy
    }


def facts() -> set[str]:
    return {model._meta.db_table for model in apps.get_models() if getattr(model, "append_only", False)}


def test_every_table_is_a_fact_or_built_from_facts_or_an_exception_with_a_reason() -> None:
    homes = [facts(), set(PROJECTED), set(EXCEPTIONS)]
    assert set(tables()) - set().union(*homes) == set()
    assert homes[0] & homes[1] | homes[0] & homes[2] | homes[1] & homes[2] == set()
    assert set().union(*homes[1:]) - set(tables()) == set()
    assert min(map(len, EXCEPTIONS.values())) > 10


def test_every_column_of_a_table_that_is_built_is_built_too_or_left_out_with_a_reason() -> None:
    columns = tables()
    for name, table in PROJECTED.items():
        by_name = {"permission"} if "permission_id" in table.left_out else set()
        assert set(table.fields) - by_name | set(table.left_out) == columns[name], name
        assert set(table.fields) & set(table.left_out) == set()
        assert all(len(why) > 8 for why in table.left_out.values())


def test_each_table_is_built_by_one_projector_after_those_that_it_looks_at() -> None:
    names = [table.name for each in projectors() for table in each.tables]
    assert len(names) == len(set(names))
    order = [each.name for each in projectors()]
    assert all(order.index(other) < order.index(each.name) for each in projectors() for other in each.after)

"""format, quoting, digests and encodings in expressions."""

from sqlglot import exp

from aergo_vc.model.types import ColumnType, Kind
from aergo_vc.sql.errors import UNDEFINED_FUNCTION
from aergo_vc.sql.language.binder import Binder, named
from aergo_vc.sql.language.expressions import Expression, assign, cast, convert
from aergo_vc.sql.language.functions import printed
from aergo_vc.sql.language.operators import convert_text
from aergo_vc.sql.language.source import error_at
from aergo_vc.sql.types.values import INTEGER, TEXT

_MANY = 100
_BYTES = ColumnType(Kind.BYTEA)


@named("format", 1, _MANY)
def _format(binder: Binder, node: exp.Expression) -> Expression:
    text, *arguments = node.expressions
    parts = [convert_text(binder.bind(text)).sql, *(printed(binder.bind(one)).sql for one in arguments)]
    return Expression(f"text_format({', '.join(parts)})", TEXT)


@named("chr", 1, 1)
def _character(binder: Binder, node: exp.Expression) -> Expression:
    code = binder.bind(node.expressions[0])
    return Expression(f"text_character({assign(code, INTEGER, 'chr')})", TEXT, not_null=code.not_null)


@named("initcap", 1, 1)
def _initcap(binder: Binder, node: exp.Expression) -> Expression:
    return _of_text("text_initcap", binder, node)


@named("quote_ident", 1, 1)
def _quote_ident(binder: Binder, node: exp.Expression) -> Expression:
    return _of_text("text_quoted_identifier", binder, node)


@named("quote_literal", 1, 1)
def _quote_literal(binder: Binder, node: exp.Expression) -> Expression:
    value = cast(binder.bind(node.expressions[0]), TEXT)
    return Expression(f"text_quoted_literal({value.sql})", TEXT, not_null=value.not_null)


@named("quote_nullable", 1, 1)
def _quote_nullable(binder: Binder, node: exp.Expression) -> Expression:
    value = cast(binder.bind(node.expressions[0]), TEXT)
    return Expression(f"coalesce(text_quoted_literal({value.sql}), 'NULL')", TEXT, not_null=True)


@named("md5", 1, 1)
def _md5(binder: Binder, node: exp.Expression) -> Expression:
    value = binder.bind(node.expressions[0])
    if value.kind is Kind.BYTEA and value.type is not None:
        return Expression(f"bytes_md5({value.sql})", TEXT, not_null=value.not_null)
    return _of_text("text_md5", binder, node)


@named("sha256", 1, 1)
def _sha256(binder: Binder, node: exp.Expression) -> Expression:
    value = _bytes(binder, node, "sha256")
    return Expression(f"bytes_sha256({value.sql})", _BYTES, not_null=value.not_null)


@named("encode", 2, 2)
def _encode(binder: Binder, node: exp.Expression) -> Expression:
    value, form = _bytes(binder, node, "encode"), convert_text(binder.bind(node.expressions[1]))
    return Expression(f"bytes_encode({value.sql}, {form.sql})", TEXT, not_null=value.not_null and form.not_null)


@named("decode", 2, 2)
def _decode(binder: Binder, node: exp.Expression) -> Expression:
    text, form = (convert_text(binder.bind(one)) for one in node.expressions)
    return Expression(f"bytes_decode({text.sql}, {form.sql})", _BYTES, not_null=text.not_null and form.not_null)


def _of_text(name: str, binder: Binder, node: exp.Expression) -> Expression:
    text = convert_text(binder.bind(node.expressions[0]))
    return Expression(f"{name}({text.sql})", TEXT, not_null=text.not_null)


def _bytes(binder: Binder, node: exp.Expression, name: str) -> Expression:
    """The first argument, which is a bytea."""
    value = binder.bind(node.expressions[0])
    if value.type is None:
        return convert(value, _BYTES)
    if value.kind is not Kind.BYTEA:
        raise error_at(node, UNDEFINED_FUNCTION, f"function {name}({value.type_name}) does not exist")
    return value

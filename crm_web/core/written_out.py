"""Templates written out for what is known before: a loop over known items becomes its body, once for each of them.

The author of a template writes a loop and asks for the kind of each item. Compiled for the items of one list, nothing
of that is left to do for each of its rows: names that stand for what is known are that, and conditions on it are
decided. In such a loop, ``{% for (kind, class), value in zip(columns, values) %}``, the columns are known, and the
values are those of a row.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

Known = Mapping[str, Sequence[tuple[Any, ...]]]
"""Items by the name that a template loops over; each has one value for each name of the loop."""


def write_out(tree: nodes.Template, known: Known) -> nodes.Template:
    """Write out the loops over known items, and the macros with such loops where the same template calls them.

    Such a loop neither asks for ``loop`` nor has an ``else``, and what it sets is set after it as well. Such a macro is
    called with values in the order of its parameters.

    :param tree: a template as Jinja parsed it
    :return: the same tree, changed
    """
    loops = _LoopsWrittenOut(known)
    loops.visit(tree)
    _CallsWrittenOut(loops.macros).visit(tree)
    for node in list(tree.find_all((nodes.Macro, nodes.If, nodes.For))):
        node.body = _join_outputs(node.body)  # type: ignore[attr-defined]
    return tree


class _LoopsWrittenOut(NodeTransformer):
    def __init__(self, known: Known) -> None:
        self._known = known
        self._count = 0
        self.macros: dict[str, nodes.Macro] = {}
        """The macros that have such loops."""

    def visit_Macro(self, node: nodes.Macro) -> nodes.Macro:
        before = self._count
        self.generic_visit(node)
        if self._count > before:
            self.macros[node.name] = node
        return node

    def visit_For(self, node: nodes.For) -> Any:
        names = [each.name for each in node.iter.find_all(nodes.Name)] if isinstance(node.iter, nodes.Call) else []
        if names[:1] != ["zip"] or names[1] not in self._known:
            return self.generic_visit(node)
        self._count += 1
        items, (_, _, values) = self._known[names[1]], names
        known, _ = node.target.iter_child_nodes()
        *_, value = (target.name for target in node.target.find_all(nodes.Name))
        own = [f"{value}_{place}" for place in range(len(items))]
        taken_apart = nodes.Tuple([nodes.Name(name, "store") for name in own], "store")
        parts: list[nodes.Node] = [nodes.Assign(taken_apart, nodes.Name(values, "load"))] if items else []
        for item, name in zip(items, own, strict=True):
            stand_for = {target.name: given for target, given in zip(known.find_all(nodes.Name), item, strict=True)}
            parts += _visit_all(_NamesReplaced(stand_for, {value: name}), _copy(node.body))
        return [_placed(part, node) for part in parts]


class _NamesReplaced(NodeTransformer):
    """Puts values or other names in place of names, and one of its branches in place of a condition on such a value."""

    def __init__(self, values: Mapping[str, Any], names: Mapping[str, str]) -> None:
        self._values, self._names = values, names

    def visit_Name(self, node: nodes.Name) -> nodes.Expr:
        if node.name in self._values:
            return nodes.Const(self._values[node.name])
        return nodes.Name(self._names.get(node.name, node.name), node.ctx)

    def visit_If(self, node: nodes.If) -> Any:
        test = self.visit(node.test)
        _placed(test, node)
        try:
            is_true = test.as_const()
        except nodes.Impossible:
            return self.generic_visit(node)
        if is_true:
            return _visit_all(self, node.body)
        if not node.elif_:
            return _visit_all(self, node.else_)
        following, *others = node.elif_
        following.elif_, following.else_ = others, node.else_
        return self.visit_If(following)


class _CallsWrittenOut(NodeTransformer):
    def __init__(self, macros: Mapping[str, nodes.Macro]) -> None:
        self._macros = macros

    def visit_Output(self, node: nodes.Output) -> list[nodes.Node]:
        return [_placed(part, node) for each in node.nodes for part in self._write_out(each)]

    def _write_out(self, part: nodes.Expr) -> Iterator[nodes.Node]:
        is_call = isinstance(part, nodes.Call) and isinstance(part.node, nodes.Name)
        macro = self._macros.get(part.node.name) if is_call else None  # type: ignore[attr-defined]
        if macro is None:
            yield nodes.Output([part])
            return
        given = [*part.args, *macro.defaults[len(part.args) - len(macro.args) :]][: len(macro.args)]  # type: ignore[attr-defined]
        for target, value in zip(macro.args, given, strict=True):
            if not isinstance(value, nodes.Name) or value.name != target.name:
                yield nodes.Assign(nodes.Name(target.name, "store"), value)
        yield from _copy(macro.body)


def _visit_all(transformer: NodeTransformer, body: Iterable[nodes.Node]) -> list[nodes.Node]:
    return [part for node in body for part in transformer.visit_list(node)]


def _copy(body: list[nodes.Node]) -> list[nodes.Node]:
    # The environment that each node knows stays the same one.
    return deepcopy(body, {id(body[0].environment): body[0].environment}) if body else []


def _placed(node: nodes.Node, like: nodes.Node) -> nodes.Node:
    if like.environment is not None:
        node.set_environment(like.environment)
    return node.set_lineno(like.lineno)


def _join_outputs(body: Iterable[nodes.Node]) -> list[nodes.Node]:
    """Put out at once what is put out one after the other."""
    joined: list[nodes.Node] = []
    for node in body:
        if isinstance(node, nodes.Output) and joined and isinstance(joined[-1], nodes.Output):
            joined[-1].nodes += node.nodes
        else:
            joined.append(node)
    return joined

// A cell of a list is edited in place: by the pencil under the pointer, or Enter or F2 where arrow keys led.
const cellOf = (target) => target.closest("tr[id] > td");
let pencil;

document.addEventListener("pointerover", ({ target }) => offer(cellOf(target)));
document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  const cell = cellOf(target);
  if (!cell || event.altKey) return;
  const cells = [...cell.parentElement.cells].filter((it) => it.checkVisibility());
  const beside = cells[cells.indexOf(cell) + { ArrowLeft: -1, ArrowRight: 1 }[key]];
  if (beside) {
    beside.tabIndex = -1;
    (beside.querySelector(".name > a, input") ?? beside).focus();
  } else if (target === cell && ["Enter", "F2"].includes(key)) offer(cell)?.click();
  else return;
  event.preventDefault();
});

function offer(cell) {
  pencil ??= document.querySelector("[data-edit=cell]");
  if (!pencil) return cell?.querySelector("[data-edit]");
  if (!cell || cell === pencil.parentElement) return pencil;
  const head = cell.closest("table").tHead.rows[0].cells[cell.cellIndex];
  const { row } = cell.parentElement.dataset;
  if (!row || !head.dataset.cell) return pencil.remove();
  pencil.href = `${location.pathname}/${row}/${head.dataset.cell}next=${encodeURIComponent(location.pathname + location.search)}`;
  pencil.ariaLabel = `Edit ${head.innerText}`;
  pencil.hidden = false;
  cell.append(pencil);
  return pencil;
}

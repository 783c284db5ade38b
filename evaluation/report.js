(function () {
  "use strict";

  function cells(row, at) { return (row.children[at].textContent || "").trim(); }

  // "1,200", "50.0 %", "−0.5" and "0.1 to 0.2" by their (first) number; a dash last, whichever way
  function amount(text) { return parseFloat(text.replace(/,/g, "").replace("−", "-")); }

  function order(body, at, figures, down) {
    Array.prototype.slice.call(body.rows).sort(function (one, other) {
      var a = cells(one, at), b = cells(other, at);
      if (figures) {
        var x = amount(a), y = amount(b);
        if (isNaN(x) || isNaN(y)) { return isNaN(x) - isNaN(y); }
        return down ? y - x : x - y;
      }
      return (down ? -1 : 1) * a.localeCompare(b, undefined, { numeric: true });
    }).forEach(function (row) { body.appendChild(row); });
  }

  function sortable(table) {
    var heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
    heads.forEach(function (head, at) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () {
        var down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        order(table.tBodies[0], at, head.classList.contains("n"), down);
      });
    });
  }

  function filterable(table) {
    var rows = Array.prototype.slice.call(table.tBodies[0].rows);
    var line = document.createElement("p"), label = document.createElement("label");
    var field = document.createElement("input"), count = document.createElement("span");
    line.className = "filter";
    field.type = "search";
    count.setAttribute("role", "status");
    label.appendChild(document.createTextNode("Only rows with "));
    label.appendChild(field);
    line.appendChild(label);
    line.appendChild(count);
    table.parentNode.parentNode.insertBefore(line, table.parentNode);
    field.addEventListener("input", function () {
      var wanted = field.value.trim().toLowerCase(), shown = 0;
      rows.forEach(function (row) {
        row.hidden = row.textContent.toLowerCase().indexOf(wanted) < 0;
        shown += row.hidden ? 0 : 1;
      });
      count.textContent = wanted ? " " + shown + " of " + rows.length + " rows" : "";
    });
  }

  Array.prototype.slice.call(document.querySelectorAll("table.long")).forEach(function (table) {
    filterable(table);
    sortable(table);
  });

  var closed = [];
  window.addEventListener("beforeprint", function () {
    closed = Array.prototype.slice.call(document.querySelectorAll("details:not([open])"));
    closed.forEach(function (part) { part.open = true; });
  });
  window.addEventListener("afterprint", function () {
    closed.forEach(function (part) { part.open = false; });
  });
})();

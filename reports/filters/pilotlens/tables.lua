-- A pandoc table as Typst source. pandoc's own writer loses great_tables' alignments (they are classes) and repeats
-- source notes on every page.
return function(emit)
  local tables = {}
  local ALIGN = { AlignLeft = "left", AlignRight = "right", AlignCenter = "center" }
  local GT_ALIGN = { gt_left = "left", gt_right = "right", gt_center = "center" }

  local function align_of(cell)
    for _, class in ipairs(cell.classes) do
      if GT_ALIGN[class] then return GT_ALIGN[class] end
    end
    return ALIGN[tostring(cell.alignment)]
  end

  local function is_title(row) return row.attr.classes:includes("gt_heading") end

  local function is_group(row) return row.attr.classes:includes("gt_group_heading_row") end

  -- Alignment of each column: what the column says, else what most of its cells say.
  local function column_aligns(tbl, rows)
    local aligns = {}
    for index, spec in ipairs(tbl.colspecs) do aligns[index] = ALIGN[tostring(spec[1])] end
    for _, row in ipairs(rows) do
      if #row.cells == #tbl.colspecs then
        for index, cell in ipairs(row.cells) do aligns[index] = aligns[index] or align_of(cell) end
      end
    end
    for index = 1, #tbl.colspecs do aligns[index] = aligns[index] or "left" end
    return aligns
  end

  local function columns_of(tbl)
    local shares, given = {}, true
    for index, spec in ipairs(tbl.colspecs) do
      given = given and type(spec[2]) == "number" and spec[2] > 0
      shares[index] = given and string.format("%.4ffr", spec[2]) or "auto"
    end
    return given and "(" .. table.concat(shares, ", ") .. ",)" or tostring(#tbl.colspecs)
  end

  -- Source of each cell of a table in the order in which they are asked for: head, body, title, foot.
  local function cells_of(...)
    local contents, at = {}, 0
    for _, rows in ipairs({ ... }) do
      for _, row in ipairs(rows) do
        for _, cell in ipairs(row.cells) do contents[#contents + 1] = cell.contents end
      end
    end
    local sources = emit.sources(contents)
    return function()
      at = at + 1
      return sources[at]
    end
  end

  local function cell_source(cell, source, align, strong)
    local arguments = {}
    if cell.col_span > 1 then arguments[#arguments + 1] = "colspan: " .. cell.col_span end
    if cell.row_span > 1 then arguments[#arguments + 1] = "rowspan: " .. cell.row_span end
    if align then arguments[#arguments + 1] = "align: " .. align end
    local body = "[" .. source .. "]"
    if strong then body = "[#strong" .. body .. "]" end
    if #arguments == 0 then return body end
    return "table.cell(" .. table.concat(arguments, ", ") .. ")" .. body
  end

  -- Spanners stand centred over their columns.
  local function head_rows(rows, following)
    local lines = {}
    for _, row in ipairs(rows) do
      local cells = {}
      for _, cell in ipairs(row.cells) do
        cells[#cells + 1] = cell_source(cell, following(), cell.col_span > 1 and "center" or nil)
      end
      lines[#lines + 1] = "    " .. table.concat(cells, ", ") .. ","
    end
    return table.concat(lines, "\n")
  end

  local function body_rows(rows, following)
    local lines = {}
    for _, row in ipairs(rows) do
      local cells = {}
      for _, cell in ipairs(row.cells) do cells[#cells + 1] = cell_source(cell, following(), nil, is_group(row)) end
      lines[#lines + 1] = "  " .. table.concat(cells, ", ") .. ","
    end
    return table.concat(lines, "\n")
  end

  local function rows_of(tbl)
    local rows = pandoc.List()
    for _, body in ipairs(tbl.bodies) do
      rows:extend(body.head)
      rows:extend(body.body)
    end
    return rows
  end

  local function texts(rows, following)
    local out = {}
    for _, row in ipairs(rows) do
      for _ = 1, #row.cells do out[#out + 1] = following() end
    end
    return out
  end

  -- {source, titles, notes}: titles are great_tables' header, notes its source notes and footnotes.
  function tables.typst(tbl)
    local head = pandoc.List(tbl.head.rows)
    local heading, titles = head:filter(function(row) return not is_title(row) end), head:filter(is_title)
    local rows, foot = rows_of(tbl), pandoc.List(tbl.foot.rows)
    local following = cells_of(heading, rows, titles, foot)
    local source = "table(\n  columns: " .. columns_of(tbl) .. ",\n  align: ("
      .. table.concat(column_aligns(tbl, rows), ", ") .. ",),\n  table.header(\n" .. head_rows(heading, following) .. "\n  ),\n"
      .. body_rows(rows, following) .. "\n)"
    return { source = source, titles = texts(titles, following), notes = texts(foot, following) }
  end

  function tables.has_header(tbl)
    for _, row in ipairs(tbl.head.rows) do
      for _, cell in ipairs(is_title(row) and {} or row.cells) do
        if pandoc.utils.stringify(cell.contents):match("%S") then return true end
      end
    end
    return false
  end

  return tables
end

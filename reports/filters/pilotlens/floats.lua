-- Figures, tables and equations of the embedded renderer, each with what a screen reader needs.
return function(emit, faults, tables, numbers)
  local floats = {}
  local loose, pictures = 0, 0

  local function is_html(block) return block.t == "RawBlock" and block.format == "html" end

  -- Typst cannot read HTML: great_tables' tables become real tables. Divs of foreign HTML carry ids that would clash.
  function floats.read_html(doc)
    if emit.html then return doc end
    return doc:walk({
      RawBlock = function(block)
        if not is_html(block) then return nil end
        local parsed = pandoc.read(block.text, "html").blocks
        return parsed:walk({ Div = function(div) return div.content end, RawBlock = function() return {} end })
      end,
    })
  end

  local function alt_of(image) return image.attributes["fig-alt"] or image.attributes.alt or "" end

  local function first_image(blocks)
    local found
    pandoc.Blocks(blocks):walk({ Image = function(image) found = found or image end })
    return found
  end

  local function check(image, id)
    local short = image.src:sub(1, 60)
    local what = id ~= "" and "the figure '" .. id .. "'" or "the image " .. short
    if not alt_of(image):match("%S") then faults.add(id ~= "" and id or short, what .. " has no fig-alt") end
  end

  -- The picture's type and bytes; nil with a fault when it is missing or lies on the web.
  local function fetched(image)
    local remote = image.src:match("^%a[%w+.-]*://") or image.src:match("^//")
    local found, mime, content = pcall(pandoc.mediabag.fetch, remote and "" or image.src)
    if not remote and found and content then return mime, content end
    faults.add(image.src, "the image " .. image.src:sub(1, 60) .. " is not a file that can be read")
  end

  -- Typst reads files: pictures inside the text (data:) or beside the report become files beside the Typst source.
  local function typst_image(image)
    local mime, content = fetched(image)
    if not mime then return "none" end
    pictures = pictures + 1
    local name = "image-" .. pictures .. "." .. (mime:match("svg") and "svg" or mime:match("^image/(%a+)") or "png")
    local file = assert(io.open(name, "wb"))
    file:write(content)
    file:close()
    return "image(" .. emit.string(name) .. ", alt: " .. emit.string(alt_of(image)) .. ")"
  end

  -- An HTML image that says only what a reader needs.
  local function html_image(image)
    local mime, content = fetched(image)
    local src = mime and pandoc.mediabag.make_data_uri(mime, content) or ""
    return emit.raw('<img src="' .. src .. '" alt="' .. emit.escape(alt_of(image)) .. '">')
  end

  local function caption_html(id, caption)
    local label = numbers.label(id)
    local before = label and '<span class="float-label">' .. label .. "</span> " or ""
    return '<figcaption id="' .. id .. '-caption">' .. before .. caption .. "</figcaption>"
  end

  local function labelled(source, id)
    return emit.raw(source .. (id ~= "" and " <" .. id .. ">" or ""))
  end

  local function figure(image, caption, id)
    check(image, id)
    if emit.typst then
      local text = caption and "[" .. caption .. "]" or "none"
      local numbered = numbers.label(id) and "true" or "false"
      return labelled("#picture(" .. typst_image(image) .. ", caption: " .. text .. ", numbered: " .. numbered .. ")", id)
    end
    local attribute = id ~= "" and ' id="' .. id .. '"' or ""
    local head = caption and caption_html(id, caption) or ""
    return emit.around("<figure" .. attribute .. ' class="picture">' .. head, { html_image(image) }, "</figure>")
  end

  local function split_caption(div)
    local content = div.content
    local last = content[#content]
    if #content > 1 and (last.t == "Para" or last.t == "Plain") and not first_image({ last }) then
      return emit.source(last.content), pandoc.Blocks({ table.unpack(content, 1, #content - 1) })
    end
    return nil, content
  end

  local function figure_div(div)
    local caption, content = split_caption(div)
    local image = first_image(content)
    if not image then
      faults.add(div.identifier, "the figure '" .. div.identifier .. "' holds no picture")
      return {}
    end
    if div.identifier ~= "" and not caption then
      faults.add(div.identifier, "the figure '" .. div.identifier .. "' has no caption (fig-cap)")
    end
    return figure(image, caption, div.identifier)
  end

  local function typst_table(tbl, caption, id)
    local made = tables.typst(tbl)
    local text = caption or made.titles[1]
    local notes = {}
    for index, note in ipairs(made.notes) do notes[index] = "[" .. note .. "]" end
    local arguments = "columns: " .. #tbl.colspecs .. ", caption: " .. (text and "[" .. text .. "]" or "none") .. ", numbered: "
      .. (numbers.label(id) and "true" or "false") .. ", notes: (" .. table.concat(notes, ", ") .. (#notes > 0 and "," or "") .. ")"
    return labelled("#data-table(" .. made.source .. ", " .. arguments .. ")", id)
  end

  -- A wide table scrolls inside a named region that the keyboard can reach.
  local function html_table(content, caption, id)
    loose = loose + 1
    local name = id ~= "" and id or "table-" .. loose
    local by = caption and 'aria-labelledby="' .. name .. '-caption"' or 'aria-label="Table"'
    local head = caption and caption_html(name, caption) or ""
    local attribute = id ~= "" and ' id="' .. id .. '"' or ""
    local before = "<figure" .. attribute .. ' class="data-table">' .. head .. '<div class="table-wrap" role="region" tabindex="0" ' .. by .. ">"
    return emit.around(before, content, "</div></figure>")
  end

  local function check_header(has_header, id)
    if has_header then return end
    faults.add(id, "the table '" .. (id ~= "" and id or "without a label") .. "' has no header row")
  end

  local function own_caption(tbl)
    local long = tbl.caption.long
    return #long > 0 and emit.source(pandoc.utils.blocks_to_inlines(long)) or nil
  end

  local function bare(tbl)
    tbl.caption = { long = {} }
    tbl.attr = pandoc.Attr()
    return tbl
  end

  local function any_table(tbl, caption, id)
    check_header(tables.has_header(tbl), id)
    caption = caption or own_caption(tbl)
    if emit.typst then return typst_table(tbl, caption, id) end
    return html_table({ bare(tbl) }, caption, id)
  end

  local function raw_table(block, caption, id)
    check_header(block.text:match("<th[%s>]") ~= nil, id)
    return html_table({ block }, caption, id)
  end

  local function is_table(block)
    return block.t == "Table" or (is_html(block) and block.text:match("<table[%s>]") ~= nil)
  end

  -- The first table takes caption and label; what else the cell showed stays around it.
  local function table_div(div)
    local caption, content = split_caption(div)
    local out, found = pandoc.Blocks({}), false
    for _, block in ipairs(content) do
      if not found and is_table(block) then
        found = true
        local made = block.t == "Table" and any_table(block, caption, div.identifier) or raw_table(block, caption, div.identifier)
        out:extend(pandoc.utils.type(made) == "Blocks" and made or { made })
      else
        out:insert(block)
      end
    end
    if not found then faults.add(div.identifier, "the table '" .. div.identifier .. "' holds no table") end
    if found and not caption then faults.add(div.identifier, "the table '" .. div.identifier .. "' has no caption (tbl-cap)") end
    return out, false
  end

  local function float_div(div)
    if div.identifier:match("^fig%-") or div.classes:includes("captioned") then return figure_div(div), false end
    if div.identifier:match("^tbl%-") then return table_div(div) end
  end

  local function pandoc_figure(block)
    local image = first_image(block.content)
    local long = block.caption.long
    local caption = #long > 0 and emit.source(pandoc.utils.blocks_to_inlines(long)) or nil
    if image then return figure(image, caption, block.identifier), false end
  end

  local function lone_image(para)
    if #para.content == 1 and para.content[1].t == "Image" then return figure(para.content[1], nil, ""), false end
  end

  local function loose_table(tbl) return any_table(tbl, nil, tbl.identifier), false end

  local function loose_raw(block)
    if emit.html and is_html(block) and is_table(block) then return raw_table(block, nil, ""), false end
  end

  function floats.convert(doc)
    return doc:walk({
      traverse = "topdown",
      Div = float_div,
      Figure = pandoc_figure,
      Para = lone_image,
      Table = loose_table,
      RawBlock = loose_raw,
    })
  end

  -- PDF/UA asks for a text of every equation: its TeX source.
  function floats.math(math)
    if emit.html then return nil end
    local source = emit.source(pandoc.Inlines({ math }))
    return emit.raw_inline("#math.equation(alt: " .. emit.string(math.text) .. ", " .. source .. ")")
  end

  return floats
end

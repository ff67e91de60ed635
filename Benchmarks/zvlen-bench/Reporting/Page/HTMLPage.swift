/// A page that needs no other file and no script, in the reader's light or dark colours.
struct HTMLPage {
  /// A part of a section.
  enum Block {
    /// A paragraph.
    case text(String)
    /// Charts side by side, as many as there is room for.
    case charts([ChartFigure])
    /// Small charts, more of them side by side.
    case smallCharts([ChartFigure])
    /// A table under a title.
    case table(String, TextTable)
    /// Blocks that are shown on demand.
    case details(String, [Block])
    /// Words as they are typed.
    case code(String)
  }

  /// Blocks under a heading.
  struct Section {
    let title: String
    let blocks: [Block]
  }

  let title: String
  /// What the page shows, in a few sentences.
  let lead: [String]
  let sections: [Section]

  /// The page as the text of a file.
  func rendered() -> String {
    let lead = lead.map { "<p>\(HTMLText.escaped($0))</p>" }.joined(separator: "\n")
    let links = sections.enumerated()
      .map { ##"<li><a href="#s\##($0)">\##(HTMLText.escaped($1.title))</a></li>"## }.joined()
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <link rel="icon" href="data:,">
      <title>\(HTMLText.escaped(title))</title>
      <style>
      \(ChartStyle.css)
      \(Self.css)
      </style>
      </head>
      <body>
      <header>
      <h1>\(HTMLText.escaped(title))</h1>
      \(lead)
      <nav><ul>\(links)</ul></nav>
      </header>
      <main>
      \(sections.enumerated().map(rendered).joined(separator: "\n"))
      </main>
      </body>
      </html>

      """
  }

  private func rendered(_ number: Int, _ section: Section) -> String {
    """
    <section id="s\(number)">
    <h2>\(HTMLText.escaped(section.title))</h2>
    \(section.blocks.map(rendered).joined(separator: "\n"))
    </section>
    """
  }

  private func rendered(_ block: Block) -> String {
    switch block {
    case .text(let text): "<p>\(HTMLText.escaped(text))</p>"
    case .charts(let figures): grid(figures, kind: "charts")
    case .smallCharts(let figures): grid(figures, kind: "charts small")
    case .table(let title, let table):
      (title.isEmpty ? "" : "<h3>\(HTMLText.escaped(title))</h3>\n") + table.html()
    case .details(let title, let blocks):
      "<details><summary>\(HTMLText.escaped(title))</summary>\n"
        + blocks.map(rendered).joined(separator: "\n") + "\n</details>"
    case .code(let text): "<pre>\(HTMLText.escaped(text))</pre>"
    }
  }

  private func grid(_ figures: [ChartFigure], kind: String) -> String {
    #"<div class="\#(kind)">"# + "\n" + figures.map { $0.html() }.joined(separator: "\n") + "\n</div>"
  }

  private static let css = """
    * { box-sizing: border-box; }
    body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 72rem; background: var(--page); color: var(--ink);
      font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
    h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .75rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
    h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; } p { max-width: 46rem; margin: .5rem 0; }
    a { color: var(--s0); } nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
    .charts { display: grid; gap: 1.5rem 2rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); }
    .charts.small { gap: .75rem 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 10rem), 1fr)); }
    figure { margin: 0; min-width: 0; } figcaption { font-weight: 600; margin-bottom: .25rem; }
    figcaption small { display: block; font-weight: 400; color: var(--soft); }
    .small figcaption { font-size: .85rem; font-weight: 500; } .small .chart { max-width: 15rem; }
    .chart { display: block; width: 100%; max-width: 34rem; height: auto; }
    .legend { list-style: none; padding: 0; margin: .25rem 0; display: flex; flex-wrap: wrap; gap: .1rem 1rem;
      font-size: .85rem; }
    .legend li { display: flex; align-items: center; gap: .4rem; } .swatch { width: 28px; height: 14px; flex: none; }
    .wide { overflow-x: auto; max-width: 100%; }
    table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
    th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--rule); text-align: left; white-space: nowrap;
      font-weight: 400; }
    thead th { font-weight: 600; } .number { text-align: right; }
    details { margin: .5rem 0; } summary { cursor: pointer; color: var(--s0); }
    pre { overflow-x: auto; padding: .6rem .8rem; border: 1px solid var(--rule); font-size: .85rem; }
    """
}

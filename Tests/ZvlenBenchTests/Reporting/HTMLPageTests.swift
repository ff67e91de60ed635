import Foundation
import Testing

@testable import zvlen_bench

@Suite("Pages and tables")
struct HTMLPageTests {
  private var table: TextTable {
    var table = TextTable([("a|b", .left), ("<n>", .right)])
    table.append(["x & y", "1"])
    table.append(["short"])
    return table
  }

  @Test("A table in Markdown has a rule below its headings, and no bar of a cell divides it")
  func markdown() {
    #expect(
      table.markdown() == """
        | a\\|b | <n> |
        |---|---:|
        | x & y | 1 |
        | short |  |
        """)
  }

  @Test("What is not markup is not read as markup")
  func escaping() {
    let html = table.html()

    #expect(html.contains(#"<th scope="row">x &amp; y</th>"#))
    #expect(html.contains(#"<th scope="col" class="number">&lt;n&gt;</th>"#))
    #expect(html.components(separatedBy: "<td").count - 1 == 2)
  }

  @Test("A page asks for nothing, runs nothing, and its links lead to its sections")
  func selfContained() {
    let chart = LineChart(
      title: "speed", xLabel: "size", yLabel: "MB/s", xKind: .bytes, yKind: .logarithmic,
      series: ChartStyle.all.enumerated().map { index, style in
        ChartSeries(
          name: "series <\(index)>", style: style, points: [.init(x: 1024, y: 1), .init(x: 4096, y: 9)])
      })
    let page = HTMLPage(
      title: "A & B", lead: ["Lead."],
      sections: [
        HTMLPage.Section(title: "One", blocks: [.text("Text."), .charts([ChartFigure("Chart", chart)])]),
        HTMLPage.Section(title: "Two", blocks: [.details("More", [.table("Title", table)]), .code("a < b")]),
      ]
    ).rendered()

    for word in ["<script", "src=", "url(", "@import", "http:", "https:", "series <"] {
      #expect(!page.contains(word))
    }
    #expect(page.components(separatedBy: "href=").count - 1 == 3)
    #expect(page.contains(##"<a href="#s1">Two</a>"##))
    #expect(page.contains(#"<section id="s1">"#))
    #expect(page.contains("prefers-color-scheme: dark"))
    #expect(page.contains("series &lt;7&gt;"))
  }

  @Test("A drawing that is a file of its own has its colours and its legend in it")
  func drawing() {
    let chart = LineChart(
      title: "speed", xLabel: "size", yLabel: "MB/s", xKind: .linear, yKind: .linear,
      series: [ChartSeries(name: "only", style: .at(0), points: [.init(x: 0, y: 1), .init(x: 1, y: 2)])])

    #expect(chart.svg(isFile: true).contains(#"xmlns="http://www.w3.org/2000/svg""#))
    #expect(chart.svg(isFile: true).contains(">only</text>"))
    #expect(!chart.svg().contains(">only</text>"))
  }
}

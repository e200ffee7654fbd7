import type { EnclavePage } from './sgx-page.ts'

/**
 * Enclave pages in the order in which they were added, each at most once. Linked through the pages themselves: a Set of them would be a
 * large part of what building an enclave costs.
 */
export class PageList {
  first: EnclavePage | undefined
  private last: EnclavePage | undefined
  /** How many there are. */
  size = 0

  add(page: EnclavePage): void {
    if (page.isListed) return
    page.isListed = true
    page.previous = this.last
    if (this.last) this.last.next = page
    else this.first = page
    this.last = page
    this.size++
  }

  delete(page: EnclavePage): void {
    if (!page.isListed) return
    const { previous, next } = page
    if (previous) previous.next = next
    else this.first = next
    if (next) next.previous = previous
    else this.last = previous
    page.previous = page.next = undefined
    page.isListed = false
    this.size--
  }
}

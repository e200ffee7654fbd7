import { View, type Ram } from '../cpu/index.ts'
import type { AddressSpace } from '../linux/index.ts'
import { EnclavePages, type Enclave, type EpcPage, type Sgx } from '../sgx/index.ts'

/** The views from inside enclaves: one for each address space and enclave, kept from one entry to the next. */
export class EnclaveViews {
  private readonly ram: Ram
  private readonly sgx: Sgx
  private readonly bySpace = new WeakMap<AddressSpace, Map<Enclave, View>>()
  private readonly byEnclave = new WeakMap<Enclave, Set<View>>()
  /** The last answer of `view`: an enclave is often entered again and again. */
  private last: { readonly space: AddressSpace; readonly enclave: Enclave; readonly view: View } | undefined

  constructor(ram: Ram, sgx: Sgx) {
    this.ram = ram
    this.sgx = sgx
    sgx.onEpcmChange = (page) => {
      for (const view of this.viewsOf(page)) if (this.ram.views.has(view)) view.invalidate(page.ENCLAVEADDRESS, 1)
    }
  }

  /** What code of `enclave` sees in `space`. */
  view(space: AddressSpace, enclave: Enclave): View {
    const { last } = this
    if (last?.space === space && last.enclave === enclave) return last.view
    let views = this.bySpace.get(space)
    if (!views) this.bySpace.set(space, (views = new Map<Enclave, View>()))
    let view = views.get(enclave)
    if (!view) {
      view = new View(this.ram, new EnclavePages(this.sgx.epc, space, enclave))
      views.set(enclave, view)
      // The address space tells it of every change, and gives it back when it ends.
      space.views.add(view)
      const same = this.byEnclave.get(enclave) ?? new Set()
      this.byEnclave.set(enclave, same.add(view))
    }
    this.last = { space, enclave, view }
    return view
  }

  private viewsOf(page: EpcPage): Iterable<View> {
    const enclave = page.ENCLAVESECS?.enclave
    return (enclave && this.byEnclave.get(enclave)) ?? []
  }
}
